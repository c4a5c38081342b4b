# RabbitMQ of the distribution where no registry is reachable. A cluster uses RabbitMQ 4 by its operator.
ARG BASE=localhost/rabbit-base:1
FROM ${BASE}
COPY tests/cluster/images/rabbitmq-start /usr/local/bin/rabbitmq-start
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/rabbitmq-start"]
