import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';

export interface SigningKeysOptions {
  readonly url: URL;
  /** Told when the keys cannot be had, once until they can, and then with undefined. */
  readonly onTrouble: (problem: string | undefined) => void;
  /** How often the keys are read again, so that those withdrawn are no longer trusted. @default 5 min */
  readonly refreshMs?: number;
  /** How soon after a failure it is tried again. @default 5 s */
  readonly retryMs?: number;
  /** How soon after a reading a token with an unknown key causes another one. @default 10 s */
  readonly cooldownMs?: number;
}

/** How long known keys are trusted when the endpoint cannot be reached any more. */
const trustedMs = 24 * 60 * 60 * 1000;

/**
 * The issuer's public keys, read from its JWKS endpoint in the background. A token with a key that is not known yet
 * has them read at once (rotation); while the endpoint is down those known go on being trusted, for a day.
 * @see https://www.rfc-editor.org/rfc/rfc7517#section-5
 */
export class SigningKeys {
  readonly #options: Required<SigningKeysOptions>;
  readonly #keys: ReturnType<typeof createRemoteJWKSet>;
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> = Promise.resolve();
  #stopped = false;
  #trouble = false;

  constructor(options: SigningKeysOptions) {
    this.#options = { refreshMs: 300_000, retryMs: 5000, cooldownMs: 10_000, ...options };
    this.#keys = createRemoteJWKSet(options.url, {
      cacheMaxAge: trustedMs,
      cooldownDuration: this.#options.cooldownMs,
      timeoutDuration: 5000,
    });
  }

  /** Finds the key of a token. Rejects with `JWKSNoMatchingKey` for one that nobody has signed. */
  get find(): JWTVerifyGetKey {
    return this.#keys;
  }

  /** Whether there are keys to check tokens with. */
  get known(): boolean {
    return this.#keys.jwks() !== undefined;
  }

  /** Reads the keys now, and from now on every while. Resolves after the first reading, whatever came of it. */
  start(): Promise<void> {
    this.#reading = this.#read();
    return this.#reading;
  }

  /** Resolves when no reading is under way. */
  get settled(): Promise<void> {
    return this.#reading;
  }

  async #read(): Promise<void> {
    const { refreshMs, retryMs, onTrouble } = this.#options;
    let nextMs = refreshMs;
    try {
      await this.#keys.reload();
      if (this.#trouble) onTrouble(undefined);
      this.#trouble = false;
    } catch (error) {
      nextMs = retryMs;
      if (!this.#trouble) onTrouble(problemOf(error));
      this.#trouble = true;
    }
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.start(), nextMs).unref();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }
}

/** What is wrong, in a few words that hold nothing of the answer. */
function problemOf(error: unknown): string {
  if (error instanceof errors.JWKSTimeout) return 'no answer in time';
  if (error instanceof errors.JOSEError) return error.message;
  if (!(error instanceof Error)) return 'unknown';
  const { cause } = error;
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return error.message;
}
