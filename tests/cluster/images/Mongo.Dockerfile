# MongoDB's wire protocol where no registry is reachable (docs/decisions/0001). A cluster uses MongoDB itself.
ARG BASE=localhost/base:1
FROM ${BASE}
COPY requirements-mongo.lock build/cluster/mongo-wheels /wheels/
RUN python3 -m venv /venv && /venv/bin/pip install --quiet --require-hashes --no-index --find-links /wheels -r /wheels/requirements-mongo.lock
USER 65532:65532
ENTRYPOINT ["/venv/bin/secantusd-rs"]
CMD ["--host", "0.0.0.0", "--port", "27017", "--storage-path", "/data", "--cache-size", "256M", "--sync-on-commit", "--log-file-max", "64MB"]
