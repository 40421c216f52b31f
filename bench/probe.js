import { subscribe } from 'node:diagnostics_channel';

/**
 * Loaded into every process of the benchmark before its program (`--import`), which need not know of it: tells the
 * address of the first server that listens there, and what the process costs when asked.
 *
 * Plain JavaScript: what Node takes to read TypeScript, some 17 MiB, would be counted as the program's own.
 */
let told = false;
subscribe('tracing:net.server.listen:asyncEnd', message => {
  const address = /** @type {{ server: import('node:net').Server }} */ (message).server.address();
  if (told || typeof address !== 'object' || address === null) return;
  told = true;
  process.send?.(`http://127.0.0.1:${String(address.port)}`);
});

let heldMs = 0;
/** @type {NodeJS.Timeout | undefined} */
let watching;

/** Notes the longest stretch of CPU time of the main thread between two timers. */
function watch() {
  let before = process.threadCpuUsage();
  watching ??= setInterval(() => {
    const { user, system } = process.threadCpuUsage();
    heldMs = Math.max(heldMs, (user + system - before.user - before.system) / 1000);
    before = { user, system };
  }, 2).unref();
}

/** @type {Readonly<Record<string, () => number>>} */
const answers = {
  /** In microseconds, so far. */
  cpu() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  /** Of the event loop, at a time, since it was asked last, in ms of CPU time: other processes do not count. */
  held() {
    watch();
    const held = heldMs;
    heldMs = 0;
    return held;
  },
  /** In bytes, as the system counts it. */
  memory: () => process.memoryUsage.rss(),
};

process.on('message', question => {
  const answer = answers[String(question)];
  if (answer !== undefined) process.send?.(answer());
});
// To be asked is no reason to go on, and nobody is left to ask once the benchmark is gone.
process.channel?.unref();
process.once('disconnect', () => process.exit());
