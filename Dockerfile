# Touchstone as a container: built from source, served by a user without rights, with the built-in model inside.
#
#   docker build -t touchstone .
#   docker run --rm -p 8080:8080 touchstone
#   docker run --rm -p 8080:8080 -v "$PWD/models:/models:ro" -e TOUCHSTONE_MODEL=/models/my.gguf touchstone
#   docker build -t touchstone --build-arg LANGUAGES="python3 g++" .     # code rewards for C and C++ too
#
# Podman and Buildah keep the health check with --format docker only (`make image` knows).
# Every setting is an environment variable: TOUCHSTONE_ and the name of `touchstone serve --help`.

ARG RELEASE=trixie
FROM docker.io/library/debian:${RELEASE}-slim AS build
WORKDIR /src
COPY deploy/install-packages.sh deploy/packages.txt deploy/
RUN deploy/install-packages.sh build
COPY Makefile ./
COPY base/ base/
COPY config/ config/
COPY engine/ engine/
COPY reward/ reward/
COPY server/ server/
RUN make -j"$(nproc)" all && strip --strip-debug build/release/touchstone

FROM docker.io/library/debian:${RELEASE}-slim
ARG LANGUAGES="python3"
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Touchstone" \
      org.opencontainers.image.description="Completions of reasoning models, and verifiable rewards" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY deploy/install-packages.sh deploy/packages.txt deploy/healthcheck.sh /usr/local/share/touchstone/
RUN /usr/local/share/touchstone/install-packages.sh runtime && \
    apt-get update -qq && apt-get install -y -qq --no-install-recommends $LANGUAGES && \
    apt-get clean && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin && \
    useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin touchstone
COPY --from=build /src/build/release/touchstone /usr/local/bin/touchstone
COPY models/touchstone-tiny.gguf /usr/local/share/touchstone/touchstone-tiny.gguf
# by number: a kubelet that is asked for runAsNonRoot can't look up a name
USER 10001:10001
ENV TOUCHSTONE_HOST=0.0.0.0 TOUCHSTONE_PORT=8080
EXPOSE 8080
STOPSIGNAL SIGTERM
# the start period is a large model's loading
HEALTHCHECK --interval=10s --timeout=3s --start-period=300s CMD ["/usr/local/share/touchstone/healthcheck.sh"]
ENTRYPOINT ["touchstone"]
CMD ["serve"]
