export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads variables, and collects what is wrong with them: variable, what was wrong, what is accepted. A reader goes on
 * after a problem, with a value that will never be used.
 */
export class EnvironmentReader {
  readonly problems: string[] = [];
  readonly #env: Environment;
  readonly #layers: readonly Environment[];

  /** @param layers what counts where a variable is not set, the first that has it; empty is as good as not set */
  constructor(env: Environment, ...layers: readonly Environment[]) {
    this.#env = env;
    this.#layers = layers;
  }

  raw(name: string): string | undefined {
    return [this.#env, ...this.#layers]
      .map(layer => layer[name])
      .find(value => value !== undefined && value !== '');
  }

  wrong(name: string, accepted: string): undefined {
    const given = this.#env[name];
    this.problems.push(
      given === undefined || given === ''
        ? `${name}: is not set; accepted: ${accepted}.`
        : `${name}: ${isSecret(name) ? 'its value' : JSON.stringify(given)} is not accepted; accepted: ${accepted}.`,
    );
    return undefined;
  }

  choice<Word extends string>(name: string, words: readonly Word[]): Word {
    const value = this.raw(name);
    return words.find(word => word === value) ?? this.wrong(name, words.join(', ')) ?? (words[0] as Word);
  }

  integer(name: string, min: number, max: number): number {
    const value = this.raw(name) ?? '';
    if (/^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max) return Number(value);
    return this.wrong(name, `a whole number from ${String(min)} to ${String(max)}`) ?? min;
  }

  /** Undefined for `off`. */
  port(name: string): number | undefined {
    const value = this.raw(name) ?? '';
    if (value === 'off') return undefined;
    if (/^\d{1,5}$/.test(value) && Number(value) <= 65_535) return Number(value);
    return this.wrong(name, 'a port from 0 to 65535 (0 takes any that is free), or off');
  }

  url(name: string): URL {
    const value = this.raw(name) ?? '';
    const parsed = URL.canParse(value) ? new URL(value) : undefined;
    const plain =
      parsed !== undefined &&
      /^https?:$/.test(parsed.protocol) &&
      parsed.username + parsed.password + parsed.search + parsed.hash === '';
    if (plain) return parsed;
    this.problems.push(
      `${name}: is not accepted; accepted: an http(s) URL with no credentials, query or fragment in it.`,
    );
    return new URL('http://invalid.invalid');
  }

  /** Undefined where it is not set. */
  optionalUrl(name: string): URL | undefined {
    return this.raw(name) === undefined ? undefined : this.url(name);
  }

  /** Any text; a problem where it is not set. */
  required(name: string, accepted: string): string {
    return this.raw(name) ?? this.wrong(name, accepted) ?? '';
  }

  /** Undefined where it is not set. */
  optionalInteger(name: string, min: number, max: number): number | undefined {
    return this.raw(name) === undefined ? undefined : this.integer(name, min, max);
  }

  secret(name: string): string | undefined {
    const value = this.raw(name);
    return value === undefined || /^[\x21-\x7e]+$/.test(value)
      ? value
      : this.wrong(name, 'printable characters with no blank among them');
  }
}

function isSecret(name: string): boolean {
  return /TOKEN$|SECRET$|^DATABASE_URL$/.test(name);
}
