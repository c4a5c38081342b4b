# One image; the service is its argument: docker run candor services.identity
# Reproducible: the lock file's hashes say what is in it. No shell is needed, root is never used, the root may be read-only.
# Offline (as the tests build it): put the wheels into build/wheels and give PIP_ARGS="--no-index --find-links /wheels".
ARG BASE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE} AS packages
ARG PIP_ARGS=""
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
COPY requirements.lock build/wheel[s] /wheels/
RUN python3 -m venv /venv
RUN /venv/bin/pip install --quiet --require-hashes --only-binary :all: ${PIP_ARGS} -r /wheels/requirements.lock \
 && /venv/bin/pip uninstall --quiet --yes pip setuptools \
 && find /venv -name tests -type d -prune -exec rm -r {} + \
 && python3 -m compileall -q --invalidation-mode unchecked-hash /venv/lib

# What the try-out needs besides: the local mailbox. Never for people's data.
FROM packages AS packages-dev
ARG PIP_ARGS=""
COPY requirements-dev.lock build/wheel[s] /wheels/
RUN awk '/^[a-z]/ { wanted = /^(aiosmtpd|atpublic)==/ } wanted' /wheels/requirements-dev.lock > /wheels/mailbox.lock \
 && python3 -m venv /tools \
 && /tools/bin/pip install --quiet --require-hashes --no-deps --only-binary :all: ${PIP_ARGS} \
    --target /venv/lib/python3.11/site-packages -r /wheels/mailbox.lock

FROM ${BASE} AS base
LABEL org.opencontainers.image.title="Candor" \
      org.opencontainers.image.description="The customer platform of a software company that keeps its privacy policy" \
      org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /candor
ENV PATH=/venv/bin:/usr/bin:/bin PYTHONPATH=/candor PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
COPY shared shared
COPY services services
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/venv/bin/python", "-m"]
CMD ["services.identity"]

FROM base AS dev
COPY --from=packages-dev /venv /venv
CMD ["shared.stack.mailbox", "--help"]

FROM base AS service
COPY --from=packages /venv /venv
