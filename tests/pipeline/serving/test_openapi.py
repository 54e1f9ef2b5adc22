"""The OpenAPI document against the app: what it promises is what is answered, for requests right and wrong."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from mathocr.pipeline import MathOCR
from mathocr.pipeline.serving.app import create_app
from mathocr.pipeline.serving.in_process import ThreadEngine
from mathocr.pipeline.serving.keys import add_key
from mathocr.pipeline.serving.settings import ServeSettings
from mathocr.pipeline.serving.worker import BatchReader

from ..conftest import MarkFinder, SizeReader


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("service")
    key = add_key(folder / "keys", "fuzz")
    stated = ServeSettings(
        keys=folder / "keys", timeout_s=10, jobs=folder / "jobs", max_jobs=10_000, feedback=folder / "feedback"
    )
    reader = BatchReader(MathOCR(MarkFinder(), SizeReader()), max_pages=5, max_pixels=1_000_000)
    return create_app(stated, ThreadEngine(reader, 4)), key


@pytest.fixture(scope="module")
def api(service):
    return schemathesis.openapi.from_asgi("/openapi.json", service[0])


ROUTES = [("GET", "/health"), ("GET", "/ready"), ("GET", "/metrics"), ("POST", "/v1/predict"), ("POST", "/v1/batch"),
          ("POST", "/v1/jobs"), ("GET", "/v1/jobs/{job_id}"), ("DELETE", "/v1/jobs/{job_id}"),
          ("GET", "/v1/jobs/{job_id}/result"), ("POST", "/v3/text"), ("GET", "/v1/feedback"),
          ("POST", "/v1/feedback"), ("POST", "/v1/render"), ("POST", "/v1/image")]  # fmt: skip
MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)


def test_all_routes_are_tried(api):
    assert {(m.upper(), path) for path, methods in api.raw_schema["paths"].items() for m in methods} == set(ROUTES)


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("mode", MODES)
def test_answers_are_as_documented(service, api, method, path, mode):
    _, key = service
    headers = {"app_key": key} if path.startswith("/v3/") else {"X-API-Key": key}
    operation = api[path][method]
    if mode == schemathesis.GenerationMode.NEGATIVE and not operation.body and not operation.path_parameters:
        pytest.skip("a route without input has no wrong input")

    # The document cannot say that a string is an image: nearly all well-formed bodies are answered with 422.
    excluded = [positive_data_acceptance]
    if path.startswith("/v3/"):  # Mathpix tells errors with status 200
        excluded.append(negative_data_rejection)

    @settings(max_examples=8, deadline=None, derandomize=True, database=None,
              phases=[Phase.generate], suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def tried(case):
        case.call_and_validate(headers=headers, excluded_checks=excluded)

    tried()


def test_every_route_that_reads_asks_for_a_key(api):
    for path, methods in api.raw_schema["paths"].items():
        for operation in methods.values():
            assert bool(operation.get("security")) == path.startswith(("/v1/", "/v3/")), path


def test_the_page_is_the_shipped_schema(api):
    schemas = api.raw_schema["components"]["schemas"]
    assert schemas["Page"]["properties"]["schema"] == {"const": "mathocr/1"}
    assert schemas["Page"]["properties"]["formulas"]["items"] == {"$ref": "#/components/schemas/Formula"}
    assert "latex" in schemas["Formula"]["required"]
