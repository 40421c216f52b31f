/**
 * How long the tasks of one iteration of the event loop may take, in ms. The task that exceeds it is the last one of
 * the iteration. Node accepts one connection in each iteration, so long iterations would keep new callers waiting.
 */
const iterationMs = 1;

/** Tasks of one iteration at most. */
const maxTasksPerIteration = 64;

/**
 * A fair queue for tasks that may arrive faster than they are done. Each iteration of the event loop runs some of
 * them, so that other requests and finished responses need not wait for all of them. Every waiting owner gets one turn
 * before any owner gets a second one.
 */
export class EventLoopBatcher {
  /** The waiting tasks by their owner. The first owner has the next turn. */
  readonly #queues = new Map<object, (() => void)[]>();
  #taskCount = 0;
  /** Scheduled immediates that have not run yet. Each of them runs at most one task. */
  #immediates = 0;
  /** When the first task of this iteration began, on the clock of `performance.now()`. */
  #startedAt: number | undefined;

  /** Runs the task on its owner's turn: at once if no other task has run in this iteration. */
  run(owner: object, task: () => void): void {
    if (this.#immediates === 0) {
      this.#immediates = 1;
      setImmediate(this.#runNext);
      task();
      return;
    }
    const queue = this.#queues.get(owner);
    if (queue === undefined) this.#queues.set(owner, [task]);
    else queue.push(task);
    this.#taskCount += 1;
    if (this.#startedAt === undefined) this.#schedule();
  }

  /** Resolves on the owner's turn. */
  waitForTurn(owner: object): Promise<void> {
    return new Promise(resolve => {
      this.run(owner, resolve);
    });
  }

  readonly #runNext = (): void => {
    this.#immediates -= 1;
    const now = performance.now();
    this.#startedAt ??= now;
    const task = now - this.#startedAt < iterationMs ? this.#dequeue() : undefined;
    if (this.#immediates === 0) {
      this.#startedAt = undefined;
      this.#schedule();
    }
    task?.();
  };

  /** Each task has an immediate of its own, because promises that a task resolves continue only between immediates. */
  #schedule(): void {
    const wanted = Math.min(this.#taskCount, maxTasksPerIteration);
    for (; this.#immediates < wanted; this.#immediates += 1) setImmediate(this.#runNext);
  }

  /** The first task of the next owner, who then goes to the end of the queue. */
  #dequeue(): (() => void) | undefined {
    const [first] = this.#queues;
    if (first === undefined) return undefined;
    const [owner, queue] = first;
    this.#queues.delete(owner);
    const task = queue.shift();
    if (queue.length > 0) this.#queues.set(owner, queue);
    this.#taskCount -= 1;
    return task;
  }
}

/** The batcher of this process, which has one event loop. */
export const eventLoopBatcher = new EventLoopBatcher();
