import { ConfigError } from '../errors/config-error.ts';
import type { StoreConfig } from '../store/open.ts';
import { readCore, readStore, type CoreConfig } from './core-config.ts';
import { defaults } from './defaults.ts';
import { EnvironmentReader, type Environment } from './environment-reader.ts';
import { readServer, readStdioServer, type ServerConfig, type StdioServerConfig } from './server-config.ts';

export type { CoreConfig } from './core-config.ts';
export { developmentDefaults } from './defaults.ts';
export type { Environment } from './environment-reader.ts';
export { settingWarnings, stdioSettingWarnings, withoutEffect } from './setting-warnings.ts';

/** The complete configuration of a gateway. */
export type Config = CoreConfig & ServerConfig;

/** The configuration of the MCP tools on standard input and output. */
export type StdioConfig = CoreConfig & StdioServerConfig;

/**
 * Reads and checks the environment.
 * @param preset values for variables that are not set; they take precedence over the defaults
 * @throws ConfigError with a line for every problem: the variable, what is wrong, and what is accepted
 */
export function parseConfig(env: Environment, preset: Environment = {}): Config {
  return parseWith(new EnvironmentReader(env, preset, defaults), reader => ({
    ...readCore(reader),
    ...readServer(reader),
  }));
}

/**
 * Reads only the configuration of the core, for commands without a server.
 * @throws ConfigError
 */
export function parseCoreConfig(env: Environment): CoreConfig {
  return parseWith(new EnvironmentReader(env, defaults), readCore);
}

/**
 * Reads only the configuration of the MCP tools on standard input and output.
 * @throws ConfigError
 */
export function parseStdioConfig(env: Environment): StdioConfig {
  return parseWith(new EnvironmentReader(env, defaults), reader => ({
    ...readCore(reader),
    ...readStdioServer(reader),
  }));
}

/**
 * Reads only where payouts are recorded.
 * @throws ConfigError
 */
export function parseStoreConfig(env: Environment): StoreConfig {
  return parseWith(new EnvironmentReader(env, defaults), readStore);
}

function parseWith<Value>(reader: EnvironmentReader, read: (reader: EnvironmentReader) => Value): Value {
  const value = read(reader);
  if (reader.problems.length > 0) throw new ConfigError(reader.problems);
  return value;
}
