import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listenOnLoopback } from '../../../../fixtures/http/loopback.ts';
import { startProxy } from '../../../../fixtures/http/proxy.ts';
import { findServed, serveFile } from '../../../../fixtures/http/static-file.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { digestOf, labWithFile } from './lab.ts';

const { lab, content } = await labWithFile('disk.raw', 8_000_000);
const directory = temporaryDirectory();
const certificate = join(directory, 'certificate.pem');
const scope = new Scope();
let url: string;

beforeAll(async () => {
  const key = join(directory, 'key.pem');
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const files = ['-keyout', key, '-out', certificate];
  execFileSync('openssl', ['req', '-x509', ...kind, ...subject, ...files], { stdio: 'pipe' });
  const credentials = { key: readFileSync(key), cert: readFileSync(certificate) };
  const server = createServer(credentials, (request, response) => {
    serveFile(request, response, findServed(lab.served, 'disk.raw')!);
  });
  const port = await listenOnLoopback(server, scope);
  url = `https://127.0.0.1:${port}/disk.raw`;
});

afterAll(async () => scope.close());

/** In its own process: Node reads the authorities at its start. */
async function download(environment: NodeJS.ProcessEnv): Promise<string> {
  const program = join(import.meta.dirname, '../../../../fixtures/http/downloader.ts');
  const argv = ['--import', 'tsx', program, url, lab.to, lab.partials];
  const env = { ...process.env, ...environment };
  const { stdout } = await promisify(execFile)(process.execPath, argv, { env });
  return stdout;
}

test('a file is downloaded over TLS, directly and through a tunnel, if an authority certifies the server', async () => {
  const done = `began\ndone ${digestOf(content).hex}\n`;
  expect(await download({ NODE_EXTRA_CA_CERTS: certificate })).toBe(done);
  expect(readFileSync(lab.to).equals(content)).toBe(true);
  lab.clear();
  const proxy = await startProxy(scope);
  expect(await download({ NODE_EXTRA_CA_CERTS: certificate, HTTPS_PROXY: proxy.url })).toBe(done);
  expect(readFileSync(lab.to).equals(content)).toBe(true);
  expect(proxy.requests.map(({ method }) => method)).toEqual(['CONNECT']);
  lab.clear();
  expect(await download({})).toMatch(/^failed .*TLS connection to 127\.0\.0\.1:\d+ failed/);
});
