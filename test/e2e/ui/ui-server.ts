import { readFileSync } from 'node:fs';
import type { Browser, BrowserContext, BrowserContextOptions, Page, Response } from 'playwright-core';
import { type Started } from '../command.ts';
import { checkAnswer, fetchChecked } from '../../integration/cli/server/openapi.ts';
import { awaitedLater, until } from '../../until.ts';
import type { Home } from '../named/home.ts';

const TOKEN_FILE = /^(?:vmlet: )?file with the access token for the HTTP API: (.*)$/m;
/** A guest may have to boot until then. */
const PATIENCE_MS = 180_000;
const ADDRESS = /^http:\/\/\S+$/m;

/** `vmlet ui` of a home, and the pages that are open on it. */
export class UiServer {
  readonly #browser: Browser;
  readonly #contexts: BrowserContext[] = [];
  readonly #checks: Promise<void>[] = [];
  readonly #command: Started;
  /** Unexpected events: script errors, requests to other hosts, answers that are not documented. */
  readonly problems: string[] = [];

  constructor(home: Home, browser: Browser) {
    this.#browser = browser;
    this.#command = home.start(['ui', '--no-open']);
  }

  /** The process of the server. */
  get pid(): number {
    return this.#command.process.pid ?? 0;
  }

  /** The address, whose token works once. */
  async address(): Promise<string> {
    const command = this.#command;
    const ended = command.finished.then(({ status, stderr }) => {
      throw new Error(`vmlet ui ended with ${status ?? 'a signal'}: ${stderr}`);
    });
    return Promise.race([ended, until(() => ADDRESS.exec(command.stdout())?.[0])]);
  }

  /** Another address, as a program would ask for one. */
  async newAddress(): Promise<string> {
    const { origin } = new URL(await this.address());
    const file = await until(() => TOKEN_FILE.exec(this.#command.stderr())?.[1]);
    const answer = await fetchChecked(`${origin}/v1/session/token`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${readFileSync(file, 'utf8').trim()}`,
        'content-type': 'application/json',
      },
      body: '{}',
    });
    const { token } = (await answer.json()) as { token: string };
    return `${origin}/#token=${token}`;
  }

  /**
   * Opens a page in a browser profile of its own, with the list.
   * @param prepare called, and awaited, before the page is there.
   */
  async open(
    options: BrowserContextOptions = {},
    prepare?: (context: BrowserContext) => unknown,
  ): Promise<Page> {
    const address = await this.newAddress();
    const { origin } = new URL(address);
    const context = await this.#browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    this.#contexts.push(context);
    context.setDefaultTimeout(PATIENCE_MS);
    await prepare?.(context);
    const page = await context.newPage();
    page.on('pageerror', (error) => this.problems.push(error.stack ?? error.message));
    page.on('request', (request) => {
      const url = new URL(request.url());
      const isOwn = url.origin === origin || ['data:', 'blob:'].includes(url.protocol);
      if (!isOwn) this.problems.push(`a request to another host: ${url.href}`);
    });
    page.on('response', (response) => this.#checks.push(awaitedLater(this.#check(response))));
    await page.goto(address);
    await page.getByRole('heading', { name: 'Machines' }).waitFor();
    return page;
  }

  /** Compares an answer with the OpenAPI document. */
  async #check(response: Response): Promise<void> {
    const request = response.request();
    const contentType = response.headers()['content-type'];
    // The page may be closed, or not wait for the rest.
    const text = await response.text().catch(() => undefined);
    const { pathname, search } = new URL(response.url());
    const answer = { method: request.method(), path: `${pathname}${search}`, status: response.status() };
    try {
      checkAnswer({ ...answer, contentType, text });
    } catch (error) {
      this.problems.push(String(error));
      throw error;
    }
  }

  /** @throws Error for an answer that the OpenAPI document does not describe. */
  async close(): Promise<void> {
    await Promise.all(this.#contexts.splice(0).map(async (context) => context.close()));
    await this.end();
    await Promise.all(this.#checks);
  }

  /** Ends the server, and leaves its pages open. */
  async end(): Promise<void> {
    this.#command.process.kill('SIGINT');
    await this.#command.finished;
  }
}
