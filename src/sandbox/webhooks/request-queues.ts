type Job = () => Promise<void>;

/** Runs jobs with limited concurrency. Jobs with the same key run one after another, in the order of `add`. */
export class RequestQueues {
  readonly #maxRunning: number;
  /** The waiting jobs by key. A key whose job is running is here too, perhaps with an empty queue. */
  readonly #queues = new Map<string, Job[]>();
  /** Keys with waiting jobs and no running job. */
  readonly #ready = new Set<string>();
  #running = 0;
  #idleCallbacks: (() => void)[] = [];

  constructor(maxRunning: number) {
    this.#maxRunning = maxRunning;
  }

  get isIdle(): boolean {
    return this.#running === 0 && this.#ready.size === 0;
  }

  /** Adds a job, which must not reject. */
  add(key: string, job: Job): void {
    const queue = this.#queues.get(key);
    if (queue === undefined) {
      this.#queues.set(key, [job]);
      this.#ready.add(key);
    } else {
      queue.push(job);
    }
    this.#startReady();
  }

  /** Resolves when no job is running or waiting. */
  async idle(): Promise<void> {
    if (!this.isIdle) await new Promise<void>(resolve => this.#idleCallbacks.push(resolve));
  }

  /** Removes the waiting jobs. */
  clear(): void {
    for (const key of this.#ready) this.#queues.delete(key);
    this.#ready.clear();
    for (const queue of this.#queues.values()) queue.length = 0;
  }

  #startReady(): void {
    for (const key of this.#ready) {
      if (this.#running === this.#maxRunning) return;
      this.#ready.delete(key);
      const job = this.#queues.get(key)?.shift();
      if (job === undefined) continue;
      this.#running += 1;
      void job().finally(() => {
        this.#finish(key);
      });
    }
  }

  #finish(key: string): void {
    this.#running -= 1;
    if (this.#queues.get(key)?.length === 0) this.#queues.delete(key);
    else this.#ready.add(key);
    this.#startReady();
    if (!this.isIdle) return;
    for (const resolve of this.#idleCallbacks) resolve();
    this.#idleCallbacks = [];
  }
}
