# The toolkit as a container: runs the schedule of /config/immich-toolkit.toml, or one tool by CRON_EXPRESSION; see docs/unattended.md.
# Every package comes from the two lock files ('make lock' writes them anew), by its hash. The Python is the one the tests run on.
# Whoever wants the same base for ever adds its digest: docker build --build-arg PYTHON=python:3.11-slim-bookworm@sha256:…
ARG PYTHON=python:3.11-slim-bookworm

FROM ${PYTHON} AS build
WORKDIR /src
COPY requirements-build.lock requirements.lock ./
RUN python -m venv /build && \
    /build/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary :all: --require-hashes --requirement requirements-build.lock
RUN python -m venv /opt/immich-toolkit && \
    /opt/immich-toolkit/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary :all: --require-hashes --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY immich_sdk immich_sdk
COPY immich_tools immich_tools
RUN /build/bin/pip wheel --disable-pip-version-check --no-index --no-deps --no-build-isolation --wheel-dir /build/wheels . && \
    /opt/immich-toolkit/bin/pip install --no-cache-dir --disable-pip-version-check --no-index --no-deps /build/wheels/*.whl

FROM ${PYTHON}
RUN apt-get update && \
    apt-get install --yes --no-install-recommends tini && \
    rm -rf /var/lib/apt/lists/* && \
    install --directory --owner=1000 --group=1000 --mode=0700 /state /config
COPY --from=build /opt/immich-toolkit /opt/immich-toolkit
ENV PATH=/opt/immich-toolkit/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    XDG_STATE_HOME=/state \
    XDG_CONFIG_HOME=/config
USER 1000:1000
WORKDIR /config
VOLUME /state
HEALTHCHECK --interval=5m --timeout=30s --start-period=1m CMD ["immich-toolkit", "health"]
STOPSIGNAL SIGTERM
# tini reaps what is left over and hands SIGTERM on; the schedule then lets the job under way finish its requests.
ENTRYPOINT ["tini", "--", "immich-toolkit"]
CMD ["schedule"]
