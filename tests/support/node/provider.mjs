// The certified npm oidc-provider with the demo's users and clients. It prints `READY <issuer>` once it listens.
// Flags as for examples/demo/provider.py: --port --listen-port --issuer-host --tls-cert --tls-key --log --algorithm
// --id-token-ttl --access-token-ttl --device-ttl --refresh-latency (seconds).

import { generateKeyPairSync } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';

import Provider from 'oidc-provider';

import * as pages from './pages.mjs';

const defaults = {
  port: '0', 'listen-port': '', 'issuer-host': 'localhost', 'tls-cert': '', 'tls-key': '', log: '/dev/stderr',
  algorithm: 'RS256', 'id-token-ttl': '3600', 'access-token-ttl': '3600', 'device-ttl': '600', 'refresh-latency': '0',
};
const flags = parseArgs({
  options: Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, { type: 'string', default: value }])),
}).values;

const accounts = JSON.parse(readFileSync(new URL('../../../examples/demo/accounts.json', import.meta.url)));
const keyTypes = {
  RS256: ['rsa', { modulusLength: 2048 }],
  PS256: ['rsa', { modulusLength: 2048 }],
  ES256: ['ec', { namedCurve: 'P-256' }],
  ES384: ['ec', { namedCurve: 'P-384' }],
  EdDSA: ['ed25519', {}],
};

function configuration() {
  const lasting = 14 * 24 * 3600;
  return {
    clients: accounts.clients.map((client) => ({
      token_endpoint_auth_method: 'none',
      id_token_signed_response_alg: flags.algorithm,
      ...client,
      application_type: 'native',
      grant_types: [
        'authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code',
        ...(client.client_secret ? ['client_credentials'] : []),
      ],
      redirect_uris: accounts.redirect_uris,
      post_logout_redirect_uris: accounts.redirect_uris,
    })),
    jwks: {
      keys: Object.entries(keyTypes).map(([alg, [type, options]]) => ({
        ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: `test-${alg}`,
      })),
    },
    enabledJWA: { idTokenSigningAlgValues: Object.keys(keyTypes) },
    findAccount: (_ctx, id) => accounts.users[id] && {
      accountId: id,
      claims: () => ({ sub: id, ...accounts.users[id].claims }),
    },
    scopes: ['openid', 'offline_access', 'profile', 'email', 'groups'],
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username'],
      email: ['email', 'email_verified'],
      groups: ['groups'],
    },
    // Kubernetes reads the ID token only; the default would leave groups and email to the userinfo endpoint.
    conformIdTokenClaims: false,
    // A refresh token for every sign-in: the default wants offline_access with prompt=consent.
    issueRefreshToken: () => true,
    expiresWithSession: () => false,
    rotateRefreshToken: () => true,
    cookies: { keys: ['only a test'] },
    ttl: {
      IdToken: Number(flags['id-token-ttl']),
      AccessToken: Number(flags['access-token-ttl']),
      DeviceCode: Number(flags['device-ttl']),
      AuthorizationCode: 60, RefreshToken: lasting, Grant: lasting, Session: lasting, Interaction: 3600,
    },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      deviceFlow: {
        enabled: true,
        userCodeInputSource: pages.userCodeInputSource,
        userCodeConfirmSource: pages.userCodeConfirmSource,
        successSource: pages.successSource,
      },
      introspection: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      revocation: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: pages.logoutSource,
        postLogoutSuccessSource: pages.postLogoutSuccessSource,
      },
    },
    renderError: pages.renderError,
  };
}

async function form(request) {
  let body = '';
  for await (const chunk of request) body += chunk;
  return new URLSearchParams(body);
}

async function consent(provider, { params, prompt, session, grantId }) {
  const grant = (grantId && await provider.Grant.find(grantId))
    ?? new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  const { missingOIDCScope, missingOIDCClaims } = prompt.details;
  if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(' '));
  if (missingOIDCClaims) grant.addOIDCClaims(missingOIDCClaims);
  return { consent: { grantId: await grant.save() } };
}

// Own login and consent pages, so that a wrong password and a cancelled sign-in can be had.
function interactions(provider) {
  return async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) {
      await next();
      return;
    }
    const details = await provider.interactionDetails(ctx.req, ctx.res);
    const isLogin = details.prompt.name === 'login';
    ctx.type = 'html';
    if (ctx.method !== 'POST') {
      ctx.body = isLogin ? pages.loginPage() : pages.consentPage(details.params.client_id, details.params.scope);
      return;
    }
    const sent = await form(ctx.req);
    const user = accounts.users[sent.get('username')];
    let result;
    if (sent.get('action') === 'refuse') {
      result = { error: 'access_denied', error_description: 'End-User cancelled the sign-in' };
    } else if (!isLogin) {
      result = await consent(provider, details);
    } else if (user?.password === sent.get('password')) {
      result = { login: { accountId: sent.get('username') } };
    } else {
      ctx.status = 401;
      ctx.body = pages.loginPage('The username or the password is wrong.');
      return;
    }
    ctx.respond = false;
    await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: !isLogin });
  };
}

function slowRefresh(seconds) {
  return async (ctx, next) => {
    await next();
    if (ctx.oidc?.params?.grant_type === 'refresh_token') await sleep(seconds * 1000);
  };
}

function logged(request, response) {
  const { end } = response;
  // Before the answer is complete, so that whoever has it finds it counted.
  response.end = (...parts) => {
    appendFileSync(flags.log, `${request.method} ${request.url.split('?')[0]} ${response.statusCode}\n`);
    return end.apply(response, parts);
  };
}

const secure = Boolean(flags['tls-cert']);
const server = secure
  ? https.createServer({ cert: readFileSync(flags['tls-cert']), key: readFileSync(flags['tls-key']) })
  : http.createServer();
const host = flags['issuer-host'];
server.listen(Number(flags['listen-port'] || flags.port), host === 'localhost' ? '127.0.0.1' : host, () => {
  const port = flags.port === '0' ? server.address().port : flags.port;
  const issuer = `${secure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const provider = new Provider(issuer, configuration());
  for (const event of ['authorization.error', 'grant.error', 'revocation.error', 'server_error']) {
    provider.on(event, (_ctx, error) => console.error(event, error.message, error.error_detail ?? ''));
  }
  provider.use(interactions(provider));
  if (Number(flags['refresh-latency'])) provider.use(slowRefresh(Number(flags['refresh-latency'])));
  const answer = provider.callback();
  server.on('request', (request, response) => {
    logged(request, response);
    answer(request, response);
  });
  console.log(`READY ${issuer}`);
});
