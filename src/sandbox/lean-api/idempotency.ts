import type { LeanBehaviour } from './behaviour.ts';
import { Refusal } from './refusal.ts';
import type { LeanResponse } from './response.ts';

export interface CreationRequest {
  readonly key: string | undefined;
  /** The canonical JSON of the request body. */
  readonly body: string;
  readonly keys: LeanBehaviour['keys'];
}

/**
 * The responses to creations by idempotency key, kept until the sandbox is reset. A repeated request gets the first
 * response, once that response is ready. A creation that throws is not stored, so a refused request may be corrected
 * and sent again with the same key.
 */
export class IdempotencyStore {
  readonly #entries = new Map<string, { readonly body: string; readonly response: LeanResponse }>();

  /**
   * Returns the result of `create`, or the stored response if the key was used before. Throws a Refusal if the key
   * was used with another body, or if `keys` is `refuse`.
   */
  respondOnce({ key, body, keys }: CreationRequest, create: () => LeanResponse): LeanResponse {
    if (key === undefined || keys === 'forget') return create();
    const known = this.#entries.get(key);
    if (known === undefined) {
      const response = create();
      this.#entries.set(key, { body, response });
      return response;
    }
    if (keys === 'refuse') {
      throw new Refusal(409, 'IDEMPOTENCY_KEY_ALREADY_USED', 'the idempotency key was used before');
    }
    if (known.body === body) return known.response;
    throw new Refusal(
      409,
      'IDEMPOTENCY_KEY_REUSED',
      'the idempotency key was used with another request body',
    );
  }

  clear(): void {
    this.#entries.clear();
  }
}
