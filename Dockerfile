# One image for all services; the service is the argument: docker run candor services.identity
# Reproducible: packages are pinned by hash, and repeated builds give the same layers (buildah build --timestamp 0).
# It needs no shell, never runs as root, and works with a read-only root filesystem.
# Offline (as in the tests): put the wheels into build/wheels and pass PIP_ARGS="--no-index --find-links /wheels".
ARG BASE=docker.io/library/python:3.11-slim-bookworm
ARG BUILDER=docker.io/library/python:3.11-bookworm

FROM ${BUILDER} AS packages
ARG PIP_ARGS=""
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
COPY requirements.lock build/wheel[s] /wheels/
RUN python3 -m venv /venv
# Half of the wheels is only for debuggers and compilers: delete it. Bytecode is compiled by hash: without timestamps it
# is reproducible, and the read-only root filesystem cannot store it later.
RUN /venv/bin/pip install --quiet --no-compile --require-hashes --only-binary :all: ${PIP_ARGS} -r /wheels/requirements.lock \
 && /venv/bin/pip uninstall --quiet --yes pip setuptools \
 && find /venv -name tests -type d -prune -exec rm -r {} + \
 && find /venv -name '*.so*' -type f -exec strip --strip-unneeded {} + \
 && find /venv -regex '.*[.]\(c\|h\|pyx\|pxd\|pxi\|pyi\)' -delete \
 && python3 -m compileall -q --invalidation-mode unchecked-hash /venv/lib

# The local mailbox, for trying out the chart. Never for real customers' data.
FROM packages AS packages-dev
ARG PIP_ARGS=""
COPY requirements-dev.lock build/wheel[s] /wheels/
RUN awk '/^[a-z]/ { wanted = /^(aiosmtpd|atpublic)==/ } wanted' /wheels/requirements-dev.lock > /wheels/mailbox.lock \
 && python3 -m venv /tools \
 && /tools/bin/pip install --quiet --no-compile --require-hashes --no-deps --only-binary :all: ${PIP_ARGS} \
    --target /venv/lib/python3.11/site-packages -r /wheels/mailbox.lock \
 && python3 -m compileall -q --invalidation-mode unchecked-hash /venv/lib

FROM ${BUILDER} AS code
WORKDIR /candor
COPY shared shared
COPY services services
# checked-hash: Python notices files that skaffold copies into a running pod.
RUN python3 -m compileall -q --invalidation-mode checked-hash /candor

FROM ${BASE} AS base
LABEL org.opencontainers.image.title="Candor" \
      org.opencontainers.image.description="The customer platform of a software company that keeps its privacy policy" \
      org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /candor
ENV PATH=/venv/bin:/usr/bin:/bin PYTHONPATH=/candor PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/venv/bin/python", "-m"]
CMD ["services.identity"]

FROM base AS dev
COPY --from=packages-dev /venv /venv
COPY --from=code /candor /candor
CMD ["shared.stack.mailbox", "--help"]

# The image of telemetry: with OpenDP (275 MB), in an environment of its own, for the noise of the public statistics.
FROM packages AS packages-statistics
ARG PIP_ARGS=""
COPY requirements-statistics.lock build/wheel[s] /wheels/
RUN python3 -m venv /statistics \
 && /statistics/bin/pip install --quiet --no-compile --require-hashes --only-binary :all: ${PIP_ARGS} -r /wheels/requirements-statistics.lock \
 && /statistics/bin/pip uninstall --quiet --yes pip setuptools \
 && python3 -m compileall -q --invalidation-mode unchecked-hash /statistics/lib

FROM base AS statistics
COPY --from=packages /venv /venv
COPY --from=packages-statistics /statistics /statistics
COPY --from=code /candor /candor
ENV TELEMETRY_NOISE_PYTHON=/statistics/bin/python
CMD ["services.telemetry"]

FROM base AS service
COPY --from=packages /venv /venv
COPY --from=code /candor /candor
