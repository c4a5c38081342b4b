# The release after this one: the same code, which says so and stamps what it stores as such (docs/decisions/0008).
ARG SERVICES=localhost/candor:0.1.0
FROM ${SERVICES}
COPY build/cluster/release.py /candor/shared/release.py
