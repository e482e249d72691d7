# Touchstone as a container: built from source, served by a user without rights, with the built-in model inside.
#
#   docker build -t touchstone .
#   docker run --rm -p 8080:8080 touchstone
#   docker run --rm -p 8080:8080 -v "$PWD/models:/models:ro" -e TOUCHSTONE_MODEL=/models/my.gguf touchstone
#   docker build -t touchstone --build-arg LANGUAGES="python3 g++" .     # code rewards for C and C++ too
#
# Every setting is an environment variable: TOUCHSTONE_ and the name of `touchstone serve --help`.

FROM docker.io/library/debian:bookworm-slim AS build
WORKDIR /src
COPY deploy/ deploy/
RUN deploy/install-packages.sh build
COPY Makefile ./
COPY base/ base/
COPY config/ config/
COPY engine/ engine/
COPY reward/ reward/
COPY server/ server/
RUN make -j"$(nproc)" all && strip --strip-debug build/release/touchstone

FROM docker.io/library/debian:bookworm-slim
ARG LANGUAGES="python3"
COPY deploy/install-packages.sh deploy/packages.txt deploy/healthcheck.sh /usr/local/share/touchstone/
RUN /usr/local/share/touchstone/install-packages.sh runtime && \
    apt-get update -qq && apt-get install -y -qq --no-install-recommends $LANGUAGES && rm -rf /var/lib/apt/lists/* && \
    useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin touchstone
COPY --from=build /src/build/release/touchstone /usr/local/bin/touchstone
COPY models/touchstone-tiny.gguf /usr/local/share/touchstone/touchstone-tiny.gguf
USER touchstone
ENV TOUCHSTONE_HOST=0.0.0.0 TOUCHSTONE_PORT=8080
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["/usr/local/share/touchstone/healthcheck.sh"]
ENTRYPOINT ["touchstone"]
CMD ["serve"]
