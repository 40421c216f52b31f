# The gateway. With the command dist/sandbox/main.js it is the sandbox.
FROM node:24.21.0-trixie-slim AS node
WORKDIR /app

# No dependency needs an install script.
FROM node AS packages
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts

FROM node AS build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY scripts ./scripts
COPY src ./src
# A bundle of each program with its packages: it starts in about half of the CPU time (docs/performance.md, "Start and first
# requests").
RUN node scripts/bundle.ts dist

FROM node
# glibc keeps memory that was freed between other blocks. After four floods of requests the process held 160 MiB more than
# before with glibc, and 90 MiB with jemalloc (docs/operations.md, "The host").
RUN apt-get update && apt-get install -y --no-install-recommends libjemalloc2 && rm -rf /var/lib/apt/lists/*
ENV LD_PRELOAD=libjemalloc.so.2
# The folder of the payout records. Only the gateway's user may read it.
RUN install -d -o 10001 -g 10001 -m 700 /data
COPY package.json LICENSE ./
# The programs do not load the packages. They stay for their licences, and so that scanners find their versions.
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist

# Inside a container 127.0.0.1 is not reachable from outside. Who publishes the ports decides who can reach them.
ENV NODE_ENV=production HOST=0.0.0.0
# The maximum size of a semi-space of V8's young generation, in MiB. Node derives the default from the machine's memory or
# the container's limit, which is too much on a large machine and too little in a small container.
ENV NODE_OPTIONS=--max-semi-space-size=16
EXPOSE 4000 8080 9090
# Everything that is written goes to /data, including SQLite's temporary files for sorting.
ENV DATA_DIR=/data SQLITE_TMPDIR=/data
VOLUME /data
# A numeric user, so that Kubernetes can verify that it is not root.
USER 10001:10001

# Checks only that the process responds. A restart would not help if Lean is down.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 4000) + '/health').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

# No shell or npm in between, so that SIGTERM reaches Node.
ENTRYPOINT ["node"]
CMD ["dist/main.js"]
