import pytest

from mathocr.data.formats import FormatError, load_crops


def test_published_layout(tmp_path, picture):
    picture(tmp_path / "formula_images" / "66667cee5b.png")
    # Latin-1, and a control character (\x85) that ends no line
    (tmp_path / "im2latex_formulas.lst").write_bytes(b"a+b\n\\mbox{\xe9\x85}\nc\n")
    (tmp_path / "im2latex_train.lst").write_text("1 66667cee5b basic\n")
    (tmp_path / "im2latex_test.lst").write_text("2 66667cee5b basic\n")
    crops = load_crops(tmp_path / "im2latex_train.lst")
    assert len(crops) == 1
    assert (crops[0].tex, crops[0].kind, crops[0].source) == ("\\mbox{é\x85}", "display", "im2latex_train")
    assert crops[0].load().shape[:2] == (20, 60)
    with pytest.raises(FormatError) as error:
        load_crops(tmp_path)
    assert str(error.value) == (
        f"{tmp_path}: give the path of one split's .lst file, the folder has im2latex_test.lst, im2latex_train.lst"
    )


def test_preprocessed_layout(tmp_path, picture):
    picture(tmp_path / "images_processed" / "7.png")
    (tmp_path / "formulas.norm.lst").write_text("a\nb\n")
    (tmp_path / "train.lst").write_text("7.png 1\n")
    assert load_crops(tmp_path)[0].tex == "b"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("9 7 basic", "formula 9 is past the end of formulas.norm.lst (2 rows)"),
        ("x y", "expected 'FORMULA_ROW IMAGE ...' or 'IMAGE FORMULA_ROW', got 'x y'"),
        ("1 8 basic", "no image '8' in {0}/formula_images_processed, {0}/formula_images, {0}/images_processed, "
         "{0}/images, {0}"),
    ],
)  # fmt: skip
def test_bad_rows(tmp_path, row, message):
    (tmp_path / "formulas.norm.lst").write_text("a\nb\n")
    (tmp_path / "train.lst").write_text(row + "\n")
    with pytest.raises(FormatError) as error:
        load_crops(tmp_path)[0]
    assert str(error.value) == f"{tmp_path}/train.lst:1: {message.format(tmp_path)}"


def test_no_formulas(tmp_path):
    (tmp_path / "train.lst").write_text("0 a basic\n")
    with pytest.raises(FormatError, match=r"no file of formulas \(im2latex_formulas\.norm\.lst, formulas\.norm\.lst, "):
        load_crops(tmp_path / "train.lst")
