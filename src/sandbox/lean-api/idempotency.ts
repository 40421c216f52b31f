import type { Answer } from './answer.ts';
import type { LeanBehaviour } from './behaviour.ts';
import { Refusal } from './refusal.ts';

/** A creation as the memory sees it. */
export interface KeyedRequest {
  readonly key: string | undefined;
  /** The canonical text of what is asked for. */
  readonly request: string;
  /** How a repeated key is answered. */
  readonly keys: LeanBehaviour['keys'];
}

/**
 * The create answers given under idempotency keys, kept as long as the sandbox lives. An answer is given again when it
 * is ready. What throws is not recorded, so a refused request may be mended and sent again under its key.
 */
export class IdempotencyMemory {
  readonly #answers = new Map<string, { readonly request: string; readonly answer: Answer }>();

  /** The answer to a request: that of `create`, unless the key was used before. */
  answer({ key, request, keys }: KeyedRequest, create: () => Answer): Answer {
    if (key === undefined || keys === 'forget') return create();
    const known = this.#answers.get(key);
    if (known === undefined) {
      const answer = create();
      this.#answers.set(key, { request, answer });
      return answer;
    }
    if (keys === 'refuse') {
      throw new Refusal(409, 'IDEMPOTENCY_KEY_ALREADY_USED', 'the idempotency key was used before');
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
