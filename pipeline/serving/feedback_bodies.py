"""What clients say of a reading: ``/v1/feedback``, and LaTeX to be drawn: ``/v1/render``."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mathocr.data.contracts import Kind
from mathocr.pipeline.feedback.tables import Action, Feedback, Reason

Text = Annotated[str, Field(max_length=10_000, pattern=r"^[^\x00]*$")]
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
Number = Annotated[float, Field(ge=-1e6, le=1e6)]
BoxField = Annotated[list[Number], Field(min_length=4, max_length=4)]
Score = Annotated[float, Field(ge=0, le=1)]
Side = Annotated[int, Field(ge=1, le=1_000_000)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Model(_Strict):
    """Which weights answered."""

    name: Annotated[str, Field(max_length=255, pattern=r"^[^\x00]*$")]
    sha256: Sha256


class Truth(_Strict):
    """A formula of a page that was checked as a whole."""

    box: BoxField
    kind: Kind
    latex: Text | None = Field(None, description="Null where it could not be told.")


class FeedbackBody(_Strict):
    """What a user says of one formula, or of a whole page; boxes in pixels of the image."""

    client_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{8,64}$")] = Field(
        description="Made by the client: what is sent twice under the same id is kept once."
    )
    action: Action
    width: Side
    height: Side
    image: Annotated[str, Field(max_length=100_000_000)] | None = Field(
        None, description="Base64, or a data: URL.", json_schema_extra={"contentEncoding": "base64"}
    )
    image_sha256: Sha256 | None = Field(None, description="Instead of an image that was kept before.")
    consent: bool = Field(False, description="Whether the user agrees that the image is kept.")
    source: Word = "api"
    name: Annotated[str, Field(max_length=255, pattern=r"^[^\x00]*$")] = ""
    models: dict[Word, Model] = {}
    box: BoxField | None = Field(None, description="Where it was found; null for a formula that was missed.")
    kind: Kind | None = None
    score: Score | None = None
    latex: Text | None = None
    confidence: Score | None = None
    corrected_box: BoxField | None = None
    corrected_kind: Kind | None = None
    corrected_latex: Text | None = None
    reason: Reason | None = Field(None, description="Needed for a flag.")
    comment: Text | None = None
    regions: Annotated[list[Truth], Field(max_length=2000)] | None = Field(
        None, description="For a page: all formulas on it, none left out."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        corrected = (self.corrected_box, self.corrected_kind, self.corrected_latex)
        if self.action == "correction" and corrected == (None, None, None):
            raise ValueError("a correction needs corrected_box, corrected_kind or corrected_latex")
        if self.action in ("correction", "confirmation") and self.box is None and self.corrected_box is None:
            raise ValueError("box is needed, or corrected_box for a formula that was missed")
        if self.action == "flag" and self.reason is None:
            raise ValueError("a flag needs a reason")
        if (self.action == "page") != (self.regions is not None):
            raise ValueError("regions belong to the action page, and to no other")
        if self.image is not None and self.image_sha256 is not None:
            raise ValueError("only one of image and image_sha256")
        self._check_boxes()
        return self

    def _check_boxes(self) -> None:
        """Boxes must lie on the page."""
        boxes = {"box": self.box, "corrected_box": self.corrected_box}
        boxes |= {f"regions.{n}.box": region.box for n, region in enumerate(self.regions or ())}
        for name, box in boxes.items():
            if box is None:
                continue
            x0, y0, x1, y1 = box
            if not (0 <= x0 < x1 <= self.width and 0 <= y0 < y1 <= self.height):
                page = f"a page of {self.width} x {self.height}"
                raise ValueError(f"{name} must be [x0, y0, x1, y1] on {page}, got {box}")

    def entry(self, owner: str, image: str | None) -> Feedback:
        """What the store keeps, with the SHA-256 of the image."""
        fields = self.model_dump(exclude={"image", "image_sha256", "consent"})
        return Feedback(**fields, owner=owner, image=image)


class RenderBody(_Strict):
    """LaTeX to be drawn."""

    latex: Annotated[str, Field(max_length=4000)]
    kind: Kind = "display"


class FeedbackAnswer(BaseModel):
    """A record that is kept."""

    request_id: str
    id: str
    image_sha256: str | None = Field(description="Of the image; send it instead of the image where image_kept.")
    image_kept: bool


class FeedbackRules(BaseModel):
    """What the server does with corrections."""

    enabled: bool
    images: Literal["consent", "always", "never"] = Field(description="When the image of a correction is kept.")
    retention_days: float | None = Field(description="After how many days records and images go; null for never.")
    review: bool = Field(description="Whether there is a folder to review.")


class RenderAnswer(BaseModel):
    """A formula drawn."""

    mathml: str | None = Field(description="Null where it cannot be drawn.")
    latex: str | None = Field(description="The same formula in canonical LaTeX; null where it cannot be parsed.")
    problems: list[str]
