import { join } from 'node:path';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createCore } from '../../src/composition/core.ts';
import { parseCoreConfig } from '../../src/config/config.ts';
import { ClientCertificateError } from '../../src/lean/client-certificate.ts';
import { sandboxCredentials } from '../../src/sandbox/fixtures.ts';
import { freshFolder } from '../support/stores.ts';

it('a store can be opened again after the files of the certificate for Lean could not be used', async () => {
  const folder = await freshFolder();
  const config = parseCoreConfig({ LEAN_API_TOKEN: sandboxCredentials.token, DATA_DIR: folder });
  const options = { log: pino({ level: 'silent' }) };
  const lean = { ...config.lean, certificate: { caFile: join(folder, 'missing.pem') } };
  expect(() => createCore({ ...config, lean }, options)).toThrow(ClientCertificateError);
  await createCore(config, options).close();
});
