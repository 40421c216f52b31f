import { describe, expect, it } from 'vitest';
import { leanApplication, type LeanCredentials } from '../../src/lean/application.ts';

const clientCredentials: LeanCredentials = {
  clientId: 'client-1',
  clientSecret: 'very-secret',
  tokenUrl: new URL('https://auth.leantech.me/oauth2/token'),
  scope: 'api',
};

function application(baseUrl: string, credentials: LeanCredentials): string {
  return leanApplication({ baseUrl: new URL(baseUrl), credentials });
}

function jwt(claims: unknown): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256' })}.${part(claims)}.c2lnbmF0dXJl`;
}

describe('the name of a Lean application', () => {
  it.each([
    ['https://api2.leantech.me', 'api2.leantech.me client-1'],
    ['https://api2.leantech.me/', 'api2.leantech.me client-1'],
    ['http://127.0.0.1:4010/lean/api/', '127.0.0.1:4010/lean/api client-1'],
  ])('is made from the address %s and the client id', (baseUrl, name) => {
    expect(application(baseUrl, clientCredentials)).toBe(name);
  });

  it('contains the subject of a static token that is a JWT', () => {
    const token = jwt({ sub: 'client-é', iss: 'x' });
    expect(application('https://lean.example', { token })).toBe('lean.example client-é');
  });

  it.each([
    ['not a JWT', 'sandbox-token'],
    ['a JWT of two parts', jwt({ sub: 'a' }).split('.').slice(0, 2).join('.')],
    ['a JWT of four parts', `${jwt({ sub: 'a' })}.x`],
    ['a JWT without JSON', 'a.b.c'],
    ['a JWT of a text', jwt('sub')],
    ['a JWT of null', jwt(null)],
    ['a JWT without a subject', jwt({ iss: 'x' })],
    ['a JWT with a subject that is not a text', jwt({ sub: 5 })],
  ])('is the address alone when the token is %s', (_case, token) => {
    expect(application('https://lean.example/v1', { token })).toBe('lean.example/v1');
  });

  it('contains no part of a secret', () => {
    expect(application('https://user:pass@lean.example/?key=x', clientCredentials)).toBe(
      'lean.example client-1',
    );
  });
});
