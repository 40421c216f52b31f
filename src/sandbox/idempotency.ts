import type { Answer } from './answer.ts';
import { Refusal } from './refusal.ts';

/**
 * The create answers given under idempotency keys, kept as long as the sandbox lives. A key that comes again with the
 * same request gets the recorded answer, when that one is ready; with another request it is refused. What throws is
 * not recorded, so a refused request may be mended and sent again under its key.
 */
export class IdempotencyMemory {
  readonly #answers = new Map<string, { readonly request: string; readonly answer: Answer }>();

  /** `request` is the canonical text of what is asked for. */
  answer(key: string | undefined, request: string, create: () => Answer): Answer {
    if (key === undefined || key === '') return create();
    const known = this.#answers.get(key);
    if (known === undefined) {
      const answer = create();
      this.#answers.set(key, { request, answer });
      return answer;
    }
    if (known.request === request) return known.answer;
    throw new Refusal(
      409,
      'IDEMPOTENCY_KEY_REUSED',
      'the idempotency key was used with another request body',
    );
  }

  clear(): void {
    this.#answers.clear();
  }
}
