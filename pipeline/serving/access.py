"""What every route that reads depends on: the shared service, and whose request it is."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer

from mathocr.pipeline.serving.service import Service

# They read nothing here (the service does, Mathpix's header included); they tell OpenAPI how to authenticate.
_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="key")
_BEARER = HTTPBearer(auto_error=False, scheme_name="bearer")
_MATHPIX = APIKeyHeader(name="app_key", auto_error=False, scheme_name="mathpix")


def get_service(request: Request) -> Service:
    """What all routes share."""
    service: Service = request.app.state.service
    return service


def get_owner(request: Request) -> str:
    """Whose request it is; answers 401 where a key is needed and missing."""
    owner = get_service(request).owner(request)
    request.scope["mathocr.owner"] = owner
    return owner


Shared = Annotated[Service, Depends(get_service)]
Owner = Annotated[str, Depends(get_owner)]
KEYED = [Security(_HEADER), Security(_BEARER)]
MATHPIX_KEYED = [Security(_MATHPIX)]
