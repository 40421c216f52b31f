export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads environment variables and collects their problems. A problem is a line with the variable, what is wrong, and
 * what is accepted. After a problem the methods return a placeholder, which the caller must not use.
 */
export class EnvironmentReader {
  readonly problems: string[] = [];
  readonly #env: Environment;
  readonly #layers: readonly Environment[];

  /** @param layers values for variables that are not set or empty; the first layer with a value is used */
  constructor(env: Environment, ...layers: readonly Environment[]) {
    this.#env = env;
    this.#layers = layers;
  }

  /** The value as text; undefined if it is not set or empty. */
  raw(name: string): string | undefined {
    return [this.#env, ...this.#layers]
      .map(layer => layer[name])
      .find(value => value !== undefined && value !== '');
  }

  /** Adds a problem. It does not repeat the value of a secret. */
  reject(name: string, accepted: string): undefined {
    const given = this.#env[name];
    this.problems.push(
      given === undefined || given === ''
        ? `${name}: is not set; accepted: ${accepted}.`
        : `${name}: ${isSecret(name) ? 'its value' : JSON.stringify(given)} is not accepted; accepted: ${accepted}.`,
    );
    return undefined;
  }

  /** One of `choices`; the first one after a problem. */
  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice {
    const value = this.raw(name);
    return (
      choices.find(choice => choice === value) ??
      this.reject(name, choices.join(', ')) ??
      (choices[0] as Choice)
    );
  }

  /** True for `on`, false for `off`. */
  flag(name: string): boolean {
    return this.choice(name, ['on', 'off']) === 'on';
  }

  integer(name: string, min: number, max: number): number {
    const value = this.raw(name) ?? '';
    if (/^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max) return Number(value);
    return this.reject(name, `a whole number from ${String(min)} to ${String(max)}`) ?? min;
  }

  /** A port number; undefined for `off`. */
  port(name: string): number | undefined {
    const value = this.raw(name) ?? '';
    if (value === 'off') return undefined;
    if (/^\d{1,5}$/.test(value) && Number(value) <= 65_535) return Number(value);
    return this.reject(name, 'a port from 0 to 65535 (0 selects a free port), or off');
  }

  /**
   * An http(s) URL. It is a problem if the variable is not set.
   * @param accepted what is accepted, for a variable that is not set
   */
  url(name: string, accepted = urlForm): URL {
    const value = this.raw(name);
    if (value === undefined) return this.reject(name, accepted) ?? placeholderUrl;
    const parsed = URL.parse(value);
    const isAccepted =
      parsed !== null &&
      /^https?:$/.test(parsed.protocol) &&
      parsed.username + parsed.password + parsed.search + parsed.hash === '';
    if (isAccepted) return parsed;
    // The value is not repeated, because it may contain credentials.
    this.problems.push(`${name}: is not accepted; accepted: ${urlForm}.`);
    return placeholderUrl;
  }

  /** Undefined if it is not set. */
  optionalUrl(name: string): URL | undefined {
    return this.raw(name) === undefined ? undefined : this.url(name);
  }

  /** Any text. It is a problem if the variable is not set. */
  required(name: string, accepted: string): string {
    return this.raw(name) ?? this.reject(name, accepted) ?? '';
  }

  /** Texts that are separated by commas; none if the variable is not set. */
  list(name: string): readonly string[] {
    const items = (this.raw(name) ?? '').split(',').map(item => item.trim());
    return items.filter(item => item !== '');
  }

  /** Texts that are separated by commas. It is a problem if there is none. */
  requiredList(name: string, accepted: string): readonly string[] {
    const list = this.list(name);
    if (list.length === 0) this.reject(name, accepted);
    return list;
  }

  /** Undefined if it is not set. */
  optionalInteger(name: string, min: number, max: number): number | undefined {
    return this.raw(name) === undefined ? undefined : this.integer(name, min, max);
  }

  /** A secret in printable ASCII characters; undefined if it is not set. */
  secret(name: string): string | undefined {
    const value = this.raw(name);
    return value === undefined || /^[\x21-\x7e]+$/.test(value)
      ? value
      : this.reject(name, 'printable ASCII characters without whitespace');
  }

  /** Secrets that are separated by commas, as while one replaces another. None if the variable is not set. */
  secrets(name: string): readonly string[] {
    const value = this.raw(name);
    if (value === undefined) return [];
    const secrets = value.split(',').filter(secret => secret !== '');
    // A value without a secret is refused, because no secrets would mean that none is demanded.
    if (secrets.length > 0 && secrets.every(secret => /^[\x21-\x7e]+$/.test(secret))) return secrets;
    this.reject(
      name,
      'printable ASCII characters without whitespace; several secrets are separated by commas',
    );
    return [];
  }
}

const urlForm = 'an http(s) URL with no credentials, query or fragment in it';

const placeholderUrl = new URL('http://invalid.invalid');

function isSecret(name: string): boolean {
  return /TOKEN$|SECRET$|^DATABASE_URL$/.test(name);
}
