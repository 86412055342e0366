# One image, four commands: api (the default), audit-worker, migrate, cli. How it is built and run: docs/deployment.md.
# No syntax line and no digests: docs/decisions/0029 says why.
ARG NODE_IMAGE=node:24-bookworm-slim
ARG BASE_IMAGE=debian:bookworm-slim

FROM ${NODE_IMAGE} AS node
# One time on all files and folders, here and below: the same sources make the same layers, whenever they are built.
RUN install -D /usr/local/bin/node /out/usr/local/bin/node && \
  find /out -exec touch --date=@0 {} +

FROM node AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Without the embedded Postgres, which is an optional package; source maps and types are more than half of the rest.
RUN --mount=type=cache,target=/root/.npm \
  npm ci --omit=dev --omit=optional --prefer-offline && \
  find node_modules -type f \( -name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' \) -delete && \
  mkdir -p /out/app && mv node_modules /out/app && \
  find /out/app -exec touch --no-dereference --date=@0 {} +

FROM node AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --omit=optional --prefer-offline
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY apps apps
COPY libs libs
RUN npm run build && find dist -type f ! -name '*.js' -delete

FROM node AS falcon
WORKDIR /app
COPY deploy/image LICENSE package.json ./
COPY models models
COPY --from=build /app/dist dist
RUN mkdir /data && find /app /data -exec touch --no-dereference --date=@0 {} +

# No RUN from here on: any base with glibc and libstdc++ will do, also one without a shell.
FROM ${BASE_IMAGE}
COPY --from=node /out /
COPY --from=packages /out/app /app
COPY --from=falcon /app /app
COPY --from=falcon --chown=10001:10001 /data /data
ENV PATH=/app/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  NODE_ENV=production NODE_OPTIONS=--use-largepages=silent ENVIRONMENT=production HOST=0.0.0.0 PORT=8000 DATA_DIR=/data MODEL_DIR=/app/models
WORKDIR /app
USER 10001:10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["healthcheck"]
CMD ["api"]
ARG VERSION
ARG REVISION
ARG CREATED
ENV APP_VERSION=${VERSION}
LABEL org.opencontainers.image.title="Falcon" \
  org.opencontainers.image.description="Inference service that puts TensorFlow.js models into production" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.created="${CREATED}"
