import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { destinations, sandboxCredentials } from '../../src/sandbox/fixtures.ts';
import { startSandbox, type RunningSandbox } from '../../src/sandbox/sandbox.ts';
import { startBrowser } from '../support/browser.ts';
import { runCommand, startCommand, type RunningCommand } from '../support/command-line.ts';
import { fencedBlocks } from '../support/fenced-blocks.ts';
import { freePort, freePorts } from '../support/free-port.ts';
import { runProgram, type Program } from '../support/program.ts';
import { postOperation } from '../support/running-gateway.ts';
import { freshFolder } from '../support/stores.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const secret = 'webhook-secret';
/** Longer than a slow machine needs. */
const slow = { timeout: 60_000 };
/** Installing and building the example. */
const buildTimeout = 600_000;

/** Starts a proxy between two ports that can hold back all bytes of the open event streams. It closes with the test. */
async function startProxy(port: number, upstreamPort: number): Promise<{ freezeEventStreams(): void }> {
  const eventStreams = new Set<Socket>();
  const server = createServer(socket => {
    const upstream = connect(upstreamPort, '127.0.0.1');
    upstream.pipe(socket).pipe(upstream);
    upstream.on('data', (bytes: Buffer) => {
      if (bytes.includes('text/event-stream')) eventStreams.add(upstream);
    });
    for (const each of [socket, upstream]) each.on('error', () => undefined);
    onTestFinished(() => {
      socket.destroy();
      upstream.destroy();
    });
  });
  await once(server.listen(port, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.close();
  });
  return {
    freezeEventStreams() {
      for (const upstream of eventStreams) upstream.unpipe();
    },
  };
}

describe('the frontend of examples/frontend, built and served', () => {
  let folder: string;
  let example: string;
  let gatewayPort: number;
  let pagePort: number;
  let server: RunningCommand | undefined;
  let browser: Browser | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lean-payouts-frontend-'));
    example = join(folder, 'examples/frontend');
    // The files that a clone has.
    const local = ['node_modules', 'dist', `src${sep}gql`].map(name => join(root, 'examples/frontend', name));
    await cp(join(root, 'examples/frontend'), example, {
      recursive: true,
      filter: path => !local.includes(path),
    });
    await cp(join(root, 'api.graphql'), join(folder, 'api.graphql'));
    [gatewayPort = 0, pagePort = 0] = await freePorts(2);
    const options = { cwd: example, env: { VITE_GATEWAY_URL: gatewayUrl() } };
    await runCommand('npm ci --prefer-offline --no-audit --no-fund', options);
    // It also generates the types and the manifest, and checks the types.
    await runCommand('npm run build', options);
    server = startCommand(`npm run preview -- --port ${String(pagePort)} --strictPort`, options);
    await server.waitFor('Local:');
    browser = await startBrowser();
  }, buildTimeout);

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await rm(folder, { recursive: true });
  });

  const gatewayUrl = () => `http://127.0.0.1:${String(gatewayPort)}/graphql`;

  /** A Lean whose new payouts stay as they are created. */
  async function startLean(): Promise<RunningSandbox> {
    const lean = await startSandbox({ speed: 0.001 });
    onTestFinished(() => lean.close());
    lean.webhooks.target = { url: `http://127.0.0.1:${String(gatewayPort)}/webhooks/lean`, secret };
    return lean;
  }

  async function startGateway(lean: RunningSandbox, env: Record<string, string> = {}): Promise<Program> {
    const program = runProgram('main', {
      LEAN_BASE_URL: lean.url,
      LEAN_API_TOKEN: sandboxCredentials.token,
      LEAN_WEBHOOK_SECRET: secret,
      AUTH: 'none',
      PORT: String(gatewayPort),
      CORS_ORIGINS: `http://localhost:${String(pagePort)}`,
      // With a new store the gateway reads Lean before it sends a payout, for this long.
      PAYOUT_RESEND_AFTER_MS: '1',
      ...env,
    });
    await program.waitForOutput(/gateway is up/);
    return program;
  }

  /** Opens a page of the frontend in a fresh browser profile, and records what it sends and its errors. */
  async function open(path = '/') {
    if (browser === undefined) throw new TypeError('the browser has not started');
    const context = await browser.newContext({ timezoneId: 'Asia/Dubai', locale: 'en-GB' });
    onTestFinished(() => context.close());
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    const errors: string[] = [];
    const sent: SentOperation[] = [];
    page.on('pageerror', error => errors.push(String(error)));
    page.on('request', request => {
      if (request.method() === 'POST') sent.push(request.postDataJSON() as SentOperation);
    });
    await page.goto(`http://localhost:${String(pagePort)}${path}`);
    return { page, sent, errors };
  }

  const rows = (page: Page) => page.getByRole('table').locator('tbody tr');
  const live = (page: Page) => page.getByRole('status').filter({ hasText: /^Live$/ });

  async function fillPayment(page: Page, amount: string, description: string): Promise<void> {
    await page.getByLabel('From').selectOption('Current account');
    await page.getByLabel('To').selectOption(destinations.pays);
    await page.getByLabel('Amount in AED').fill(amount);
    await page.getByLabel('Reference for the recipient').fill(description);
  }

  const creations = (lean: RunningSandbox) =>
    lean.requests.filter(({ operation }) => operation === 'createPayoutPayment');

  it('shows the payouts page by page in a stable order, also while new ones appear', async () => {
    const lean = await startLean();
    await startGateway(lean);
    const { page, errors } = await open();
    await expect.poll(() => rows(page).count(), slow).toBe(20);
    const first = await rows(page).allInnerTexts();
    lean.payouts.add({ description: 'A new payout' });
    await page.getByRole('link', { name: 'Next page' }).click();
    const second = lean.payouts.all()[21]?.description ?? '';
    await rows(page).first().filter({ hasText: second }).waitFor();
    expect(await rows(page).count()).toBe(20);
    await page.getByRole('link', { name: 'Previous page' }).click();
    await expect.poll(() => rows(page).allInnerTexts(), slow).toEqual(first);
    expect(errors).toEqual([]);
  });

  it('shows the payouts that match a filter of amounts and days, also after a reload', async () => {
    const lean = await startLean();
    lean.payouts.add({
      amount: '912345678901234.57',
      description: 'Within',
      createdAt: '2025-03-10T20:30:00Z',
    });
    lean.payouts.add({
      amount: '912345678901234.58',
      description: 'Too much',
      createdAt: '2025-03-10T20:30:00Z',
    });
    lean.payouts.add({
      amount: '912345678901234.57',
      description: 'Before',
      createdAt: '2025-03-10T19:59:59Z',
    });
    lean.payouts.add({
      amount: '912345678901234.57',
      description: 'After',
      createdAt: '2025-03-11T20:00:00Z',
    });
    await startGateway(lean);
    const { page, errors } = await open();
    await page.getByLabel('Amount from').fill('912345678901234.57');
    await page.getByLabel('Amount to').fill('912345678901234.57');
    await page.getByLabel('Created from').fill('2025-03-11');
    await page.getByLabel('Created to').fill('2025-03-11');
    await page.getByRole('button', { name: 'Filter' }).click();
    const expected = [/^Al Noor Trading\s+Within\s+.*\s+AED\s912,345,678,901,234\.57\s+In progress$/];
    await expect
      .poll(() => rows(page).allInnerTexts(), slow)
      .toEqual(expected.map(row => expect.stringMatching(row)));
    await page.reload();
    await expect
      .poll(() => rows(page).allInnerTexts(), slow)
      .toEqual(expected.map(row => expect.stringMatching(row)));
    expect(errors).toEqual([]);
  });

  it('shows a payout with its history, and its changes as they happen', async () => {
    const lean = await startLean();
    const { intentId } = lean.payouts.add({ amount: '16.50', description: 'Followed' });
    await startGateway(lean);
    const { page, errors } = await open();
    await rows(page).filter({ hasText: 'Followed' }).getByRole('link').click();
    await page.getByRole('region', { name: 'Details' }).getByText('In progress').waitFor();
    const history = page.getByRole('region', { name: 'History' }).getByRole('listitem');
    await expect
      .poll(() => history.allInnerTexts(), slow)
      .toEqual([expect.stringContaining('Accepted by the bank')]);
    await live(page).waitFor();
    lean.payouts.change(intentId, { postInitiationStatus: 'PROCESSED' });
    await page.getByRole('region', { name: 'Details' }).getByText('Paid', { exact: true }).waitFor();
    await expect
      .poll(() => history.allInnerTexts(), slow)
      .toEqual([
        expect.stringContaining('Accepted by the bank'),
        expect.stringContaining('Executed by the bank'),
      ]);
    expect(errors).toEqual([]);
  });

  it('shows the errors of a payment at their fields, and pays the corrected one once, with the same key', async () => {
    const lean = await startLean();
    await startGateway(lean);
    const { page, sent, errors } = await open('/pay');
    await page.getByRole('button', { name: 'Pay' }).click();
    // An amount that cannot be read is an error of GraphQL, and not a rejection.
    await expectError(page, 'Amount in AED', 'Enter an amount such as 250.75.');
    await fillPayment(page, '16.505', '');
    await page.getByRole('button', { name: 'Pay' }).click();
    await expectError(page, 'Amount in AED', 'The currency has fewer decimal places.');
    await expectError(page, 'Reference for the recipient', 'Fill this in.');
    expect(creations(lean)).toEqual([]);
    // The corrected form keeps its key over a reload.
    await page.reload();
    await fillPayment(page, '16.50', 'INV 4711');
    await page.getByRole('button', { name: 'Pay' }).dblclick();
    await page.getByRole('link', { name: 'Follow this payout' }).click();
    await page.getByRole('region', { name: 'Details' }).getByText('AED 16.50').waitFor();
    const [key, ...otherKeys] = new Set(keysOf(sent));
    expect(otherKeys).toEqual([]);
    expect(creations(lean)).toMatchObject([
      { idempotencyKey: key, body: expect.stringMatching(/"amount":16\.50\b.*"INV 4711"/) as string },
    ]);
    // The next payment has another key.
    await page.getByRole('link', { name: 'New payout' }).click();
    await fillPayment(page, '17', 'INV 4712');
    await page.getByRole('button', { name: 'Pay' }).click();
    await page.getByText('Lean has accepted the payout').waitFor();
    expect(new Set(creations(lean).map(({ idempotencyKey }) => idempotencyKey)).size).toBe(2);
    expect(errors).toEqual([]);
  });

  it('shows a refusal of Lean’s at its field, and takes a new key for the corrected payment', async () => {
    const lean = await startLean();
    await startGateway(lean);
    const { page, errors } = await open('/pay');
    await fillPayment(page, '16.50', 'INV 4711');
    await page.getByLabel('To').selectOption(destinations.refused);
    await page.getByRole('button', { name: 'Pay' }).click();
    await expectError(page, 'To', 'This was refused.');
    await page.getByLabel('To').selectOption(destinations.pays);
    await page.getByRole('button', { name: 'Pay' }).click();
    await page.getByText('Lean has accepted the payout').waitFor();
    const keys = creations(lean).map(({ idempotencyKey }) => idempotencyKey);
    expect(new Set(keys).size).toBe(2);
    expect(errors).toEqual([]);
  });

  it('keeps the key of a payment of unknown outcome over a reload, and repeats it: Lean gets one payout', async () => {
    const lean = await startLean();
    await startGateway(lean);
    const { page, sent, errors } = await open('/pay');
    await page.clock.install();
    await fillPayment(page, '16.50', 'INV 4711');
    // Lean accepts the payout, loses its response, and does not list it yet.
    lean.behaviour.listingMs = 600_000;
    lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
    await page.getByRole('button', { name: 'Pay' }).click();
    const checked = page.getByRole('heading', { name: 'This payout is being checked' });
    const repeat = page.getByRole('button', { name: 'Repeat with the same key' });
    await checked.waitFor();
    expect(await repeat.isDisabled()).toBe(true);
    expect(await page.getByLabel('Amount in AED').isDisabled()).toBe(true);
    await page.reload();
    await checked.waitFor();
    expect(await page.getByLabel('Amount in AED').inputValue()).toBe('16.50');
    expect(await page.getByRole('button', { name: 'Pay' }).isDisabled()).toBe(true);
    expect(creations(lean)).toHaveLength(1);

    lean.behaviour.listingMs = 0;
    const created = page.getByText('Lean has accepted the payout');
    await repeatUntil(page, created);
    const keys = keysOf(sent);
    expect(keys.length).toBeGreaterThan(1);
    expect(new Set(keys).size).toBe(1);
    expect(lean.payouts.all().filter(({ description }) => description === 'INV 4711')).toHaveLength(1);
    // Only now the page forgets the key.
    await page.getByRole('button', { name: 'Another payout' }).click();
    expect(await page.getByLabel('Amount in AED').inputValue()).toBe('');
    expect(errors).toEqual([]);
  });

  it('repeats the same key after a lost connection to the gateway and after an error of a proxy', async () => {
    const lean = await startLean();
    await startGateway(lean);
    const { page, sent, errors } = await open('/pay');
    await fillPayment(page, '16.50', 'INV 4711');
    // The gateway pays, and its response does not arrive.
    const failures = ['lost', 'proxy'];
    await page.route(gatewayUrl(), async route => {
      const isPayment = keysOf([route.request().postDataJSON() as SentOperation]).length > 0;
      const failure = isPayment ? failures.shift() : undefined;
      if (failure === undefined) return route.continue();
      const response = await route.fetch();
      return failure === 'lost'
        ? route.abort()
        : route.fulfill({ response, status: 502, contentType: 'text/html', body: '<h1>Bad gateway</h1>' });
    });
    await page.getByRole('button', { name: 'Pay' }).click();
    const checked = page.getByRole('heading', { name: 'This payout is being checked' });
    await checked.waitFor();
    await page.getByRole('button', { name: 'Repeat with the same key' }).click();
    await expect.poll(() => failures, slow).toEqual([]);
    await checked.waitFor();
    await page.getByRole('button', { name: 'Repeat with the same key' }).click();
    await page.getByText('Lean has accepted the payout').waitFor();
    expect(new Set(keysOf(sent)).size).toBe(1);
    expect(creations(lean)).toHaveLength(1);
    expect(errors).toEqual([]);
  });

  it('resumes its updates after a restart of the gateway, and reads everything again if the store is another one', async () => {
    const lean = await startLean();
    const { intentId: early } = lean.payouts.add({ description: 'Paid early' });
    const { intentId: late } = lean.payouts.add({ description: 'Paid late' });
    const { intentId: last } = lean.payouts.add({ description: 'Paid last' });
    const store = { DATA_DIR: await freshFolder() };
    const former = await startGateway(lean, store);
    const { page, sent, errors } = await open();
    const row = (description: string) => rows(page).filter({ hasText: description });
    const paid = (description: string) => row(description).getByText('Paid', { exact: true });
    await live(page).waitFor();

    // The page cannot connect again before the next gateway has published an update.
    await page.route(gatewayUrl(), route => route.abort());
    former.kill('SIGTERM');
    expect(await former.ended).toEqual([0, null]);
    await page.getByRole('status').filter({ hasText: 'Connecting' }).waitFor();
    const lists = () => sent.filter(({ operationName }) => operationName === 'PayoutList').length;
    const listsBefore = lists();
    const next = await startGateway(lean, store);
    const newestCursor = async () => (await postOperation(gatewayUrl(), '{ payoutUpdatesCursor }')).data;
    const cursorBefore = await newestCursor();
    lean.payouts.change(early, { postInitiationStatus: 'PROCESSED' });
    await expect.poll(newestCursor, slow).not.toEqual(cursorBefore);
    await page.unroute(gatewayUrl());
    await paid('Paid early').waitFor();
    await live(page).waitFor();
    lean.payouts.change(late, { postInitiationStatus: 'PROCESSED' });
    await paid('Paid late').waitFor();
    expect(lists()).toBe(listsBefore);

    next.kill('SIGTERM');
    await next.ended;
    await startGateway(lean);
    await expect.poll(lists, slow).toBeGreaterThan(listsBefore);
    await live(page).waitFor();
    lean.payouts.change(last, { postInitiationStatus: 'PROCESSED' });
    await paid('Paid last').waitFor();
    expect(errors).toEqual([]);
  });

  it('connects again when its connection is silent', async () => {
    const lean = await startLean();
    const { intentId } = lean.payouts.add({ description: 'Followed' });
    const port = await freePort();
    await startGateway(lean, { PORT: String(port) });
    lean.webhooks.target = { url: `http://127.0.0.1:${String(port)}/webhooks/lean`, secret };
    const proxy = await startProxy(gatewayPort, port);
    const { page, sent, errors } = await open();
    await page.clock.install();
    await page.reload();
    await live(page).waitFor();
    const subscriptions = () => sent.filter(({ operationName }) => operationName === 'PayoutUpdated').length;
    const before = subscriptions();
    // Nothing passes any more, and neither side notices.
    proxy.freezeEventStreams();
    lean.payouts.change(intentId, { postInitiationStatus: 'PROCESSED' });
    await expect
      .poll(async () => {
        await page.clock.fastForward(31_000);
        return subscriptions();
      }, slow)
      .toBeGreaterThan(before);
    await rows(page).filter({ hasText: 'Followed' }).getByText('Paid', { exact: true }).waitFor();
    expect(errors).toEqual([]);
  });

  it('is started by the commands in its README, also with only the operations of its manifest', async () => {
    const text = await readFile(join(root, 'examples/frontend/README.md'), 'utf8');
    const [plain = '', page = '', only = '', ...others] = fencedBlocks(text, 'sh');
    expect(others).toEqual([]);
    const manifest = 'src/gql/persisted-documents.json';
    const env = { PORT: String(gatewayPort), REST_PORT: 'off', MCP_PORT: 'off', SANDBOX_PORT: '0' };
    const origin = 'http://localhost:5173';
    for (const command of [plain, only]) {
      const dev = startCommand(command.replace(`examples/frontend/${manifest}`, join(example, manifest)), {
        cwd: root,
        env,
      });
      await dev.waitFor('Stop with Ctrl+C');
      const preflight = await fetch(gatewayUrl(), {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
      expect(preflight.headers.get('access-control-allow-origin')).toBe(origin);
      const [documentId] = Object.keys(JSON.parse(await readFile(join(example, manifest), 'utf8')) as object);
      const response = await fetch(gatewayUrl(), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ documentId }),
      });
      // The operation is known, and lacks its variables.
      expect(await response.json()).toMatchObject({
        errors: [
          { extensions: { code: command === only ? 'BAD_USER_INPUT' : 'PERSISTED_OPERATION_NOT_FOUND' } },
        ],
      });
      await dev.stop();
    }
    const port = await freePort();
    const served = startCommand(`${page.replace('npm ci && ', '')} -- --port ${String(port)}`, {
      cwd: example,
    });
    await served.waitFor('Local:');
    expect(await (await fetch(`http://localhost:${String(port)}/src/main.tsx`)).text()).toContain(
      'createRoot',
    );
    await served.stop();
  });

  it('sends only hashes of its manifest to a gateway with PERSISTED_OPERATIONS=only', async () => {
    const lean = await startLean();
    const manifest = join(example, 'src/gql/persisted-documents.json');
    await startGateway(lean, { PERSISTED_OPERATIONS: 'only', PERSISTED_OPERATIONS_FILE: manifest });
    const { page, sent, errors } = await open('/pay');
    await fillPayment(page, '16.50', 'INV 4711');
    await page.getByRole('button', { name: 'Pay' }).click();
    await page.getByRole('link', { name: 'Follow this payout' }).click();
    await live(page).waitFor();
    const [{ intentId = '' } = {}] = lean.payouts.all();
    lean.payouts.change(intentId, { status: 'ACCEPTED_BY_BANK', postInitiationStatus: 'PROCESSED' });
    await page.getByRole('region', { name: 'Details' }).getByText('Paid', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Payouts' }).click();
    await rows(page).first().getByText('Paid', { exact: true }).waitFor();
    await live(page).waitFor();
    await page.evaluate(() => {
      localStorage.setItem(
        'pending-payment',
        JSON.stringify({ key: 'unheard-of', input: { amount: {} }, sent: true }),
      );
    });
    await page.getByRole('link', { name: 'New payout' }).click();
    await page.getByText('The gateway has no record of it.').waitFor();

    const hashes = new Set(Object.keys(JSON.parse(await readFile(manifest, 'utf8')) as object));
    expect(new Set(sent.map(({ operationName }) => operationName))).toEqual(
      new Set(['CreatePayout', 'PaymentOfKey', 'PayoutInFull', 'PayoutList', 'PayoutUpdated']),
    );
    for (const { query, extensions } of sent) {
      expect(query).toBeUndefined();
      expect(hashes).toContain(`sha256:${extensions.persistedQuery.sha256Hash}`);
    }
    expect(errors).toEqual([]);
  });
});

interface SentOperation {
  readonly operationName: string;
  readonly query?: string;
  readonly variables: { readonly input?: { readonly idempotencyKey: string } };
  readonly extensions: { readonly persistedQuery: { readonly sha256Hash: string } };
}

/** The keys of the payments that a page has sent, one for each request. */
function keysOf(sent: readonly SentOperation[]): readonly string[] {
  return sent.flatMap(({ variables: { input } }) => (input === undefined ? [] : [input.idempotencyKey]));
}

async function expectError(page: Page, label: string, message: string): Promise<void> {
  const field = page.getByLabel(label, { exact: true });
  await page.getByText(message).waitFor();
  expect(await field.getAttribute('aria-invalid')).toBe('true');
  const description = (await field.getAttribute('aria-describedby')) ?? '';
  const texts = description.split(' ').map(id => page.locator(`[id="${id}"]`).innerText());
  expect(await Promise.all(texts)).toContain(message);
}

/** Repeats the payment whenever the page allows it, on a clock that skips the waits, until something is shown. */
async function repeatUntil(page: Page, shown: ReturnType<Page['getByText']>): Promise<void> {
  await vi.waitFor(
    async () => {
      await page.clock.fastForward(31_000);
      if (!(await shown.isVisible()))
        await page.getByRole('button', { name: 'Repeat with the same key' }).click({ timeout: 2000 });
      await shown.waitFor({ timeout: 2000 });
    },
    { timeout: 120_000, interval: 500 },
  );
}
