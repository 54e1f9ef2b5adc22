# The server as a container. The light image reads on the CPU and has no PyTorch:
#   docker build -t mathocr .
# For NVIDIA GPUs, with PyTorch (several GB):
#   docker build --target gpu -t mathocr:gpu .

FROM python:3.12-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY data data
COPY detector detector
COPY im2latex im2latex
COPY pipeline pipeline
RUN python -m venv /opt/mathocr \
    && /opt/mathocr/bin/pip install --no-cache-dir ".[serve,postgresql]"

FROM build AS build-gpu
RUN /opt/mathocr/bin/pip install --no-cache-dir ".[serve,postgresql,gpu]"

FROM python:3.12-slim-bookworm AS runtime
RUN useradd --uid 10001 --create-home mathocr \
    && install --directory --owner=mathocr --mode=0700 /data /data/jobs
ENV PATH=/opt/mathocr/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MATHOCR_SERVE_HOST=0.0.0.0 \
    MATHOCR_SERVE_PORT=8000 \
    MATHOCR_SERVE_JOBS=/data/jobs
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
# Loading the models takes seconds; /ready says when that is done, /health only that the process lives.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['MATHOCR_SERVE_PORT'] + '/health', timeout=4)"]
ENTRYPOINT ["mathocr", "serve"]

FROM runtime AS gpu
COPY --from=build-gpu /opt/mathocr /opt/mathocr
ENV MATHOCR_SERVE_DEVICE=cuda

FROM runtime AS cpu
COPY --from=build /opt/mathocr /opt/mathocr
