# The relay in a container. It has to see the network as it is, or its links and its certificate name addresses of the
# container that nobody reaches; so it needs the host's network (Linux):
#
#   docker build -t lanline .
#   docker run --rm --network host --ulimit rtprio=10 -v lanline:/var/lib/lanline lanline
#
# Keys and rooms are in the volume. Settings: flags at the end of the line, or -e LANLINE_…

FROM node:22-bookworm-slim AS page
WORKDIR /src/web
COPY web/package.json web/package-lock.json ./
RUN npm ci
COPY web ./
RUN npm run build

FROM rust:1-bookworm AS relay
RUN apt-get update && apt-get install -y --no-install-recommends cmake && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
COPY --from=page /src/web/dist /page
ENV LANLINE_WEB_DIST=/page
RUN cargo build --release --locked -p relay

FROM debian:bookworm-slim
RUN install -d -m 700 -o 65532 -g 65532 /var/lib/lanline
COPY --from=relay /src/target/release/relay /usr/local/bin/relay
USER 65532:65532
ENV LANLINE_STATE_DIR=/var/lib/lanline
VOLUME /var/lib/lanline
# Page, API and socket; help.
EXPOSE 8443 8080
ENTRYPOINT ["relay"]
