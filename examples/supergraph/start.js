import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import { createYoga } from 'graphql-yoga';
import { startRouter } from './router.js';

// Only the router knows the secret. Set ROUTER_SECRET to start another router beside it.
const secret = process.env.ROUTER_SECRET || randomBytes(24).toString('base64url');

/** Starts the payouts gateway with its sandbox, and resolves when it listens. */
async function startPayouts(port) {
  const gateway = spawn('npm', ['run', 'dev'], {
    cwd: join(import.meta.dirname, '../..'),
    env: { ...process.env, PORT: String(port), ROUTER_SECRET: secret },
    stdio: ['ignore', 'pipe', 'inherit'],
    // npm runs the gateway in a shell. In a process group of their own, a signal reaches all of them.
    detached: true,
  });
  gateway.once('exit', () => process.exit(1));
  process.once('exit', () => {
    if (gateway.exitCode === null) process.kill(-gateway.pid);
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit());
  let printed = '';
  await new Promise(resolve => {
    gateway.stdout.on('data', chunk => {
      printed += chunk;
      if (printed.includes('Stop with Ctrl+C')) resolve();
    });
  });
}

async function startSubgraph(name, port) {
  const sdl = await readFile(join(import.meta.dirname, 'subgraphs', `${name}.graphql`), 'utf8');
  const { resolvers } = await import(`./subgraphs/${name}.js`);
  const yoga = createYoga({
    schema: buildSubgraphSchema({ typeDefs: parse(sdl), resolvers }),
    logging: 'warn',
  });
  await once(createServer(yoga).listen(port, '127.0.0.1'), 'listening');
}

await Promise.all([
  startPayouts(4000),
  startSubgraph('books', 4001),
  startSubgraph('ledger', 4002),
  startSubgraph('suppliers', 4003),
]);
await startRouter(4004, secret);
console.log('The supergraph is at http://localhost:4004/graphql. Stop with Ctrl+C.');
