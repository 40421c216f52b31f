# The gateway, and with dist/sandbox/main.js as its command the sandbox.
FROM node:24.21.0-trixie-slim AS node
WORKDIR /app

# No package has to run anything to be installed.
FROM node AS packages
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts

FROM node AS build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

FROM node
# The folder of the records, which nobody else may read.
RUN install -d -o 10001 -g 10001 -m 700 /data
COPY package.json LICENSE ./
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist

# Within a container, 127.0.0.1 is the container's own. Who may reach the ports is up to whoever publishes them.
ENV NODE_ENV=production HOST=0.0.0.0
# MiB for what is new in memory. By itself Node goes by the machine's memory or the container's limit, and takes far too
# much of the one and rather little of the other.
ENV NODE_OPTIONS=--max-semi-space-size=16
EXPOSE 4000 8080 9090
# Nothing else is written, not even what SQLite puts aside to sort many records.
ENV DATA_DIR=/data SQLITE_TMPDIR=/data
VOLUME /data
# A number, so that Kubernetes can see that it is not root.
USER 10001:10001

# Whether the process lives, and not whether Lean does: a restart is no cure for Lean's trouble.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 4000) + '/health').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

# Without a shell or npm in between, so that SIGTERM arrives.
ENTRYPOINT ["node"]
CMD ["dist/main.js"]
