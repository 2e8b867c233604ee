// A form post by hand. The token comes from the cookie: another tab may have signed in since.
export const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";

export function post(path, body, options = {}) {
  const headers = {
    "Content-Type": "application/x-www-form-urlencoded",
    "X-CSRFToken": token(),
    "HX-Request": "true",
  };
  return fetch(path, { method: "POST", body, headers, credentials: "same-origin", ...options });
}

// The document that a labelling path is about.
export const documentOf = (path) => Number(path.match(/\/label\/(\d+)\//)?.[1] ?? 0);
