import type { IncomingMessage } from 'node:http';
import { RequestRefusedError } from '../../../errors/index.ts';

/** Returns the path and the query of a request. @throws RequestRefusedError for the address of a proxy. */
export function addressOf({ url = '' }: IncomingMessage): URL {
  const address = `http://localhost${url}`;
  if (url.startsWith('/') && URL.canParse(address)) return new URL(address);
  throw new RequestRefusedError(
    400,
    `invalid address ${JSON.stringify(url)}: expected a path that begins with a slash`,
  );
}
