// The provider's pages: plain HTML, nothing fetched from anywhere, and no script of ours.

const escapes = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export function escaped(text) {
  return String(text).replace(/[&<>"']/g, (character) => escapes[character]);
}

export function page(title, body, problem = '') {
  const notice = problem && `<p role="alert">${escaped(problem)}</p>`;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title><link rel="icon" href="data:,">
<style>body{font:1rem/1.5 sans-serif;max-width:24rem;margin:4rem auto}label,input{display:block}</style></head>
<body><h1>${escaped(title)}</h1>${notice}${body}</body></html>`;
}

export function loginPage(problem) {
  return page('Sign in', `<form method="post">
<label>Username <input name="username" autocomplete="username" required autofocus></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button name="action" value="accept">Sign in</button>
<button name="action" value="refuse" formnovalidate>Cancel</button></form>`, problem);
}

export function consentPage(clientId, scopes) {
  return page('Allow access', `<p>${escaped(clientId)} asks for: ${escaped(scopes)}</p><form method="post">
<button name="action" value="accept">Allow</button>
<button name="action" value="refuse">Cancel</button></form>`);
}

export function userCodeInputSource(ctx, form, _out, error) {
  const labelled = form.replace(/<input(?=[^>]*name="user_code")/, '<label>Code <input').replace('</input>', '</label>');
  const problem = error && (error.name === 'AbortedError' ? 'The device was denied.' : 'The code is not known.');
  // A denial ends here, on a page without a form.
  const button = '<button type="submit" form="op.deviceInputForm">Continue</button>';
  ctx.body = page('Connect a device', error?.name === 'AbortedError' ? '' : `${labelled}${button}`, problem);
}

export function userCodeConfirmSource(ctx, form, client, _device, userCode) {
  ctx.body = page('Confirm the device', `<p>${escaped(client.clientId)} shows the code ${escaped(userCode)}.</p>${form}
<button type="submit" form="op.deviceConfirmForm">Approve</button>
<button type="submit" form="op.deviceConfirmForm" name="abort" value="yes">Deny</button>`);
}

export function successSource(ctx) {
  ctx.body = page('Device connected', '<p>You may close this window.</p>');
}

export function logoutSource(ctx, form) {
  ctx.body = page('Sign out', `${form}<button form="op.logoutForm" name="logout" value="yes">Continue</button>`);
}

export function postLogoutSuccessSource(ctx) {
  ctx.body = page('Signed out', '<p>You may close this window.</p>');
}

export function renderError(ctx, out) {
  ctx.type = 'html';
  ctx.body = page('Not possible', '', Object.values(out).join(': '));
}
