/** Does something whenever it is woken, once at a time; woken while it is at it, it does it again afterwards. */
export class CoalescingWorker {
  readonly #work: () => Promise<'more' | 'done'>;
  #again = false;
  #running: Promise<void> | undefined;
  #stopped = false;

  /** @param work done again at once as long as there is `more` */
  constructor(work: () => Promise<'more' | 'done'>) {
    this.#work = work;
  }

  wake(): void {
    if (this.#stopped) return;
    this.#again = true;
    this.#running ??= this.#run();
  }

  /** What is under way is waited for. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false;
      if ((await this.#work()) === 'more') this.#again = true;
    }
    // In the same turn as the last look: whoever wakes it from here on is to have it done again.
    this.#running = undefined;
  }
}
