// Lists machines, and makes, starts, uses, stops and removes one, by the HTTP API of `vmlet ui`.
import { readFileSync } from 'node:fs';
import createClient from 'openapi-fetch';
import type { components, paths } from './vmlet.ts';

const { VMLET_URL: baseUrl = '', VMLET_TOKEN_FILE: tokenFile = '' } = process.env;
const headers = { authorization: `Bearer ${readFileSync(tokenFile, 'utf8').trim()}` };
// Each action waits for its end, for at most two minutes.
const client = createClient<paths>({ baseUrl, headers: { ...headers, prefer: 'wait=120' } });

type Answer<T> = { data?: T; error?: components['schemas']['Error'] };

function answered<T>({ data, error }: Answer<T>): T {
  if (data === undefined) throw new Error(error?.error.message);
  return data;
}

const name = 'example-ts';
const machine = { params: { path: { name } }, body: {} };

const { machines } = answered(await client.GET('/v1/machines'));
console.log(`machines: ${machines.map((one) => one.name).join(', ') || 'none'}`);
const created = answered(await client.POST('/v1/machines', { body: { name, image: 'micro' } }));
console.log(created.command);
const started = answered(await client.POST('/v1/machines/{name}/start', machine));
console.log(`${started.command}: ${started.operation.state}`);
const uname = { ...machine, body: { argv: ['uname', '-sm'] } };
const { stdout } = answered(await client.POST('/v1/machines/{name}/exec', uname));
console.log(`uname -sm: ${stdout.trim()}`);
const stopped = answered(await client.POST('/v1/machines/{name}/stop', machine));
console.log(`${stopped.command}: ${stopped.operation.result?.description ?? stopped.operation.state}`);
const removed = answered(
  await client.POST('/v1/machines/{name}/remove', { ...machine, body: { storage: true } }),
);
console.log(`${removed.command}: ${removed.operation.state}`);
