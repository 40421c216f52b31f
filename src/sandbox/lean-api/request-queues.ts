type Job = () => Promise<void>;

/** Does jobs, so many at a time; those of one lane one after another, in their order. */
export class RequestQueues {
  readonly #limit: number;
  /** What waits, by lane. A lane that has a job under way is here too. */
  readonly #waiting = new Map<string, Job[]>();
  /** Lanes with something to do and nothing under way. */
  readonly #ready = new Set<string>();
  #running = 0;
  #whenIdle: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  get isIdle(): boolean {
    return this.#running === 0 && this.#ready.size === 0;
  }

  add(lane: string, job: Job): void {
    const waiting = this.#waiting.get(lane);
    if (waiting === undefined) {
      this.#waiting.set(lane, [job]);
      this.#ready.add(lane);
    } else {
      waiting.push(job);
    }
    this.#start();
  }

  /** Resolves when nothing is under way and nothing waits. */
  async idle(): Promise<void> {
    if (!this.isIdle) await new Promise<void>(resolve => this.#whenIdle.push(resolve));
  }

  /** Forgets what waits. */
  clear(): void {
    for (const lane of this.#ready) this.#waiting.delete(lane);
    this.#ready.clear();
    for (const jobs of this.#waiting.values()) jobs.length = 0;
  }

  #start(): void {
    for (const lane of this.#ready) {
      if (this.#running === this.#limit) return;
      this.#ready.delete(lane);
      const job = this.#waiting.get(lane)?.shift();
      if (job === undefined) continue;
      this.#running += 1;
      void job().finally(() => {
        this.#finish(lane);
      });
    }
  }

  #finish(lane: string): void {
    this.#running -= 1;
    if (this.#waiting.get(lane)?.length === 0) this.#waiting.delete(lane);
    else this.#ready.add(lane);
    this.#start();
    if (!this.isIdle) return;
    for (const resolve of this.#whenIdle) resolve();
    this.#whenIdle = [];
  }
}
