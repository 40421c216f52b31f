import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';

export interface SigningKeysOptions {
  readonly url: URL;
  /** Called with the problem once when reading the keys starts to fail, and with undefined when it works again. */
  readonly onFailure: (problem: string | undefined) => void;
}

/** The interval between reads of the keys, in ms, so that withdrawn keys lose their trust. */
const refreshMs = 300_000;

/** The delay before the next read after a failed one, in ms. */
const retryMs = 5000;

/** For how long after a read a token with an unknown key causes no other read, in ms. */
const cooldownMs = 10_000;

/** How long keys are trusted while the endpoint cannot be reached, in ms. */
const trustedMs = 24 * 60 * 60 * 1000;

/** The two names of the EdDSA signatures with the curve Ed25519. @see https://www.rfc-editor.org/rfc/rfc9864 */
const otherNames: ReadonlyMap<string, string> = new Map([
  ['EdDSA', 'Ed25519'],
  ['Ed25519', 'EdDSA'],
]);

/**
 * The issuer's public keys, read from its JWKS endpoint in the background. A token with an unknown key causes a read at
 * once, because the issuer may have rotated its keys. While the endpoint is down, known keys are trusted for a day.
 * @see https://www.rfc-editor.org/rfc/rfc7517#section-5
 */
export class SigningKeys {
  readonly #onFailure: SigningKeysOptions['onFailure'];
  readonly #url: URL;
  #keys: ReturnType<typeof createRemoteJWKSet>;
  /** When the last periodic read succeeded (`performance.now()`). */
  #readAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #currentRead: Promise<void> = Promise.resolve();
  #stopped = false;
  #failing = false;

  constructor({ url, onFailure }: SigningKeysOptions) {
    this.#onFailure = onFailure;
    this.#url = url;
    this.#keys = emptyKeySet(url);
  }

  /** Finds the key of a token. Rejects with `JWKSNoMatchingKey` if the issuer has no such key. */
  get findKey(): JWTVerifyGetKey {
    return async (header, token) => {
      try {
        return await this.#keys(header, token);
      } catch (error) {
        // The issuer may name the algorithm in its tokens in one way, and in its keys in the other.
        const otherName = otherNames.get(header.alg);
        if (!(error instanceof errors.JWKSNoMatchingKey) || otherName === undefined) throw error;
        return this.#keys({ ...header, alg: otherName }, token);
      }
    };
  }

  /** Whether any keys have been read. */
  get available(): boolean {
    return this.#keys.jwks() !== undefined;
  }

  /** Reads the keys now and then periodically. Resolves after the first read, whether it succeeded or failed. */
  start(): Promise<void> {
    this.#currentRead = this.#readAndSchedule();
    return this.#currentRead;
  }

  /** Resolves when the current read has ended. */
  get settled(): Promise<void> {
    return this.#currentRead;
  }

  async #readAndSchedule(): Promise<void> {
    let delayMs = refreshMs;
    try {
      await this.#keys.reload();
      this.#readAt = performance.now();
      if (this.#failing) this.#onFailure(undefined);
      this.#failing = false;
    } catch (error) {
      delayMs = retryMs;
      // jose measures the age of the keys by the wall clock, which may be set back meanwhile.
      if (performance.now() - this.#readAt > trustedMs) this.#keys = emptyKeySet(this.#url);
      if (!this.#failing) this.#onFailure(problemOf(error));
      this.#failing = true;
    }
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.start(), delayMs).unref();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }
}

/** The keys at a JWKS endpoint, of which none has been read yet. */
function emptyKeySet(url: URL): ReturnType<typeof createRemoteJWKSet> {
  return createRemoteJWKSet(url, {
    cacheMaxAge: trustedMs,
    cooldownDuration: cooldownMs,
    timeoutDuration: 5000,
  });
}

/** A short description of the problem. It contains nothing of the response. */
function problemOf(error: unknown): string {
  if (error instanceof errors.JWKSTimeout) return 'no answer in time';
  if (error instanceof errors.JOSEError) return error.message;
  if (!(error instanceof Error)) return 'unknown';
  const { cause } = error;
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return error.message;
}
