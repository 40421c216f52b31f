import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL, fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createClient } from 'graphql-ws';
import relay, { type ConcreteRequest, type Environment as RelayEnvironment } from 'relay-runtime';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import {
  documents,
  waitingPayoutInput,
  startClientStack,
  type ClientResults,
  expectPaid,
} from '../support/client-stack.ts';
import { postOperation } from '../../support/running-gateway.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const { commitMutation, createOperationDescriptor, Environment, fetchQuery, Network, Observable } = relay;

type Name = keyof typeof documents;

/** Compiles the documents with relay-compiler, and with the schema for clients that the package contains. */
async function compileDocuments(): Promise<Record<Name, ConcreteRequest>> {
  const folder = await mkdtemp(join(tmpdir(), 'lean-payouts-relay-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'src'));
  await mkdir(join(folder, 'artifacts'));
  // Relay requires that the name of a document starts with the name of its module.
  const names = Object.entries(documents).map(([name, text]) => {
    const [, kind = '', operation = ''] = /^(\w+) (\w+)/.exec(text) ?? [];
    const relayName = `clients${operation}${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
    return { name, relayName, text: text.replace(operation, relayName) };
  });
  const tags = names.map(({ text }) => `graphql\`${text}\`;`).join('\n');
  await writeFile(join(folder, 'src', 'clients.js'), `import { graphql } from 'relay-runtime';\n${tags}\n`);
  await writeFile(
    join(folder, 'relay.config.json'),
    JSON.stringify({
      src: './src',
      schema: './api.graphql',
      language: 'javascript',
      artifactDirectory: './artifacts',
      eagerEsModules: true,
    }),
  );
  await copyFile(join(root, 'api.graphql'), join(folder, 'api.graphql'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  const compiler = fileURLToPath(new URL('../node_modules/relay-compiler/cli.js', import.meta.url));
  await promisify(execFile)(process.execPath, [compiler, 'relay.config.json'], { cwd: folder });
  const artifacts = names.map(async ({ name, relayName }) => {
    const path = pathToFileURL(join(folder, 'artifacts', `${relayName}.graphql.js`)).href;
    return [name, ((await import(path)) as { default: ConcreteRequest }).default] as const;
  });
  return Object.fromEntries(await Promise.all(artifacts)) as Record<Name, ConcreteRequest>;
}

it('Relay with its default store follows a payout from its creation to PAID, in list and detail', async () => {
  const { url, socketUrl, pay } = await startClientStack();
  const requests = await compileDocuments();
  const socket = createClient({ url: socketUrl, webSocketImpl: WebSocket });
  onTestFinished(() => socket.dispose());
  const environment: RelayEnvironment = new Environment({
    network: Network.create(
      async ({ text }, variables) => (await postOperation(url, text ?? '', variables)) as never,
      ({ text }, variables) =>
        Observable.create(sink =>
          socket.subscribe({ query: text ?? '', variables }, { ...sink, next: sink.next } as never),
        ),
    ),
  });
  const run = <Data>(name: Name, variables = {}): Promise<Data | undefined> =>
    fetchQuery(environment, requests[name] as never, variables).toPromise() as Promise<Data | undefined>;
  const retain = (name: Name, variables = {}) => {
    const operation = createOperationDescriptor(requests[name], variables);
    const { dispose } = environment.retain(operation);
    onTestFinished(dispose);
    return <Data>() => environment.lookup(operation.fragment).data as Data | undefined;
  };
  const readList = retain('list');
  await run('list');
  const cursor = await run<ClientResults['cursor']>('cursor');
  const created = await new Promise<ClientResults['create']>((resolve, reject) => {
    commitMutation(environment, {
      mutation: requests.create as never,
      variables: { input: waitingPayoutInput },
      onCompleted: data => {
        resolve(data as ClientResults['create']);
      },
      onError: reject,
    });
  });
  const id = created.createPayout.payoutId;
  expect(created.createPayout.payout).toMatchObject({ id, outcome: 'IN_PROGRESS' });
  const listed = await run<ClientResults['list']>('list');
  expect(listed?.payouts.nodes[0]?.id).toBe(id);
  const readDetail = retain('detail', { id });
  await run('detail', { id });

  const inStore = () => [
    readList<ClientResults['list']>()?.payouts.nodes[0],
    readDetail<ClientResults['detail']>()?.payout,
  ];
  const { dispose } = relay.requestSubscription(environment, {
    subscription: requests.follow as never,
    variables: { id, after: cursor?.payoutUpdatesCursor },
  });
  onTestFinished(dispose);
  pay(id);
  await expectPaid(id, inStore);
});
