import { createHash, randomBytes } from 'node:crypto';

const SECRET_BYTES = 24;
/** Tokens that were printed and not used, and pages that were opened: the oldest are forgotten. */
const MOST = 64;

/** The two halves of a page’s credentials. Neither is sufficient alone. */
export interface PageCredentials {
  /** Value of the cookie. Cookies do not distinguish ports: another server on this host may receive it. */
  readonly cookie: string;
  /** Kept by the page for its own origin, port included. */
  readonly secret: string;
}

/** The secrets of one server. Compared by their digests, so that the time of a comparison reveals nothing. */
export class Credentials {
  /** For programs; valid while the server runs. */
  readonly bearer = newSecret();
  readonly #bearerDigest = digestOf(this.bearer);
  readonly #tokens = new Set<string>();
  /** Digests of secrets by those of cookies. */
  readonly #pages = new Map<string, string>();

  /** Returns a token that `exchange` accepts once. */
  newToken(): string {
    const token = newSecret();
    this.#tokens.add(digestOf(token));
    forgetOldest(this.#tokens);
    return token;
  }

  /** Returns the credentials of a new page; undefined for an unknown token, or one that was used. */
  exchange(token: string): PageCredentials | undefined {
    if (!this.#tokens.delete(digestOf(token))) return undefined;
    const page = { cookie: newSecret(), secret: newSecret() };
    this.#pages.set(digestOf(page.cookie), digestOf(page.secret));
    forgetOldest(this.#pages);
    return page;
  }

  isPage(cookie: string, secret: string): boolean {
    return this.#pages.get(digestOf(cookie)) === digestOf(secret);
  }

  isBearer(token: string): boolean {
    return digestOf(token) === this.#bearerDigest;
  }
}

function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64');
}

function forgetOldest(all: Set<string> | Map<string, string>): void {
  const [oldest] = all.keys();
  if (all.size > MOST && oldest !== undefined) all.delete(oldest);
}
