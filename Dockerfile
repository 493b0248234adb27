FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin callsheet

FROM debian:bookworm-slim
# Slack's client reads the system's root certificates.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/callsheet --create-home callsheet \
    && install -d -o callsheet /var/lib/callsheet/data
COPY --from=build /src/target/release/callsheet /usr/local/bin/callsheet
USER callsheet
WORKDIR /var/lib/callsheet
# SQLite stands in ./data below the working directory.
VOLUME /var/lib/callsheet/data
ENV CALLSHEET__SERVER__LISTEN=0.0.0.0:8080
EXPOSE 8080
ENTRYPOINT ["callsheet"]
CMD ["serve"]
