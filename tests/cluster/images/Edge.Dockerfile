# The edge where no registry is reachable: the same proxy from its Python package. A cluster uses the official image.
ARG BASE=localhost/base:1
FROM ${BASE}
COPY build/cluster/envoy /usr/local/bin/envoy
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/envoy"]
