import { subscribe } from 'node:diagnostics_channel';
import { flushCompileCache } from 'node:module';
import { PerformanceObserver } from 'node:perf_hooks';

/*
 * Preloaded into every process of the benchmark (`--import`). It sends the address of the first server that listens
 * in the process, and responds to commands that measure the process. The program itself does not change.
 *
 * This is plain JavaScript, because Node needs about 17 MiB to run TypeScript, which would count as the program's
 * memory.
 */
let hasSentAddress = false;
subscribe('tracing:net.server.listen:asyncEnd', message => {
  const address = /** @type {{ server: import('node:net').Server }} */ (message).server.address();
  if (hasSentAddress || typeof address !== 'object' || address === null) return;
  hasSentAddress = true;
  process.send?.(`http://127.0.0.1:${String(address.port)}`);
  // The tests set a compile cache. A process that is killed does not write it by itself.
  flushCompileCache();
});

let maxBlockedMs = 0;
/** @type {NodeJS.Timeout | undefined} */
let sampler;

/** Measures the longest CPU time of the main thread between two timer callbacks, in ms. */
function startSampling() {
  let before = process.threadCpuUsage();
  sampler ??= setInterval(() => {
    const { user, system } = process.threadCpuUsage();
    maxBlockedMs = Math.max(maxBlockedMs, (user + system - before.user - before.system) / 1000);
    before = { user, system };
  }, 2).unref();
}

let gcMs = 0;
new PerformanceObserver(list => {
  for (const { duration } of list.getEntries()) gcMs += duration;
}).observe({ type: 'gc' });

/** @type {Readonly<Record<string, () => number>>} */
const commands = {
  /** The CPU time of the process so far, in µs. */
  cpu() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  /**
   * The longest time that the event loop was blocked since the last call, in ms of CPU time. It is not wall-clock
   * time, so that other processes do not affect it.
   */
  'max blocked ms'() {
    startSampling();
    const blockedMs = maxBlockedMs;
    maxBlockedMs = 0;
    return blockedMs;
  },
  /** How long the garbage collector has paused the main thread so far, in µs. */
  'gc pauses': () => gcMs * 1000,
  /** The resident memory in bytes. */
  memory: () => process.memoryUsage.rss(),
};

process.on('message', name => {
  const command = commands[String(name)];
  if (command !== undefined) process.send?.(command());
});
// The channel must not keep the process alive, and the process ends with the benchmark.
process.channel?.unref();
process.once('disconnect', () => process.exit());
