import type { IncomingMessage } from 'node:http';
import * as z from 'zod';
import { startTimer } from '../../../util/time/timer.ts';
import { answerJson } from '../answers/http-answer.ts';
import { describeError, isDefect, statusOf } from '../answers/described-error.ts';
import { readBody } from '../answers/request-body.ts';
import type { Operation, Work } from '../operations/operation.ts';
import type { Exchange } from '../routing/exchange.ts';
import { type Route, jsonRoute, route } from '../routing/route.ts';
import type { Actions } from './action.ts';
import { CREATE_ACTIONS, createCommandLine, newMachineSchema, optionsOf } from './create-actions.ts';
import { DEVICE_ACTIONS } from './device-actions.ts';
import { HOST_ACTIONS } from './host-actions.ts';
import { IMAGE_ACTIONS, TEMPLATE_ACTIONS } from './image-actions.ts';
import { MACHINE_ACTIONS } from './machine-actions.ts';
import { NETWORK_ACTIONS } from './network-actions.ts';
import { VOLUME_ACTIONS } from './volumes.ts';

/** Most changes end within this time; the client learns of others by events. */
const WAIT_MS = 500;
const LONGEST_WAIT_S = 600;

const nothing = z.strictObject({});

/** A POST for each change, and the operations that they are. */
export const ACTION_ROUTES: readonly Route[] = [
  ...actionRoutes(CREATE_ACTIONS, () => '/v1/machines'),
  ...actionRoutes({ ...MACHINE_ACTIONS, ...DEVICE_ACTIONS }, (kind) => `/v1/machines/:name/${kind}`),
  ...actionRoutes(NETWORK_ACTIONS, (kind) =>
    kind === 'networks/create' ? '/v1/networks' : `/v1/${kind.replace('/', '/:name/')}`,
  ),
  ...actionRoutes(VOLUME_ACTIONS, (kind) => (kind === 'volumes/create' ? '/v1/volumes' : `/v1/${kind}`)),
  ...actionRoutes({ ...IMAGE_ACTIONS, ...TEMPLATE_ACTIONS, ...HOST_ACTIONS }, (kind) => `/v1/${kind}`),
  route(
    'POST /v1/machines/check',
    {
      summary: 'Check the options of a new machine, at once and without an operation',
      body: newMachineSchema,
      statuses: [404, 409, 504],
    },
    async ({ request, response, services: { store } }) => {
      const body = await readBody(request, newMachineSchema);
      const command = createCommandLine(body);
      try {
        answerJson(response, { command, create: await store.check(optionsOf(body)) });
      } catch (error) {
        if (isDefect(error)) throw error;
        answerJson(response, { command, error: describeError(error) }, statusOf(error));
      }
    },
  ),
  jsonRoute('GET /v1/operations', {
    summary: 'List operations, oldest first',
    read: ({ services }) => ({ operations: services.operations.list() }),
  }),
  jsonRoute('GET /v1/operations/:id', {
    summary: 'Get an operation',
    read: ({ parts, services }) => ({ operation: services.operations.get(parts['id'] ?? '').record }),
  }),
  jsonRoute('POST /v1/operations/:id/cancel', {
    summary: 'Cancel an operation',
    body: nothing,
    read: async ({ request, parts, services }) => {
      const operation = services.operations.get(parts['id'] ?? '');
      operation.cancel();
      await endOf(operation, waitOf(request));
      return { operation: operation.record };
    },
  }),
];

function actionRoutes(actions: Actions, pathOf: (kind: string) => `/v1/${string}`): Route[] {
  return Object.entries(actions).map(([kind, { summary, schema, work }]) =>
    route(`POST ${pathOf(kind)}`, { summary, body: schema, kind }, async (exchange) => {
      const { request, parts, services } = exchange;
      const body = await readBody(request, schema);
      await answerWork(exchange, work(services.store, kind, parts['name'] ?? '', body));
    }),
  );
}

/** Starts work, and answers when it has ended or after a while. */
async function answerWork({ request, response, services }: Exchange, work: Work): Promise<void> {
  const operation = services.operations.start(work);
  await endOf(operation, waitOf(request));
  const { command } = work;
  const { record } = operation;
  if (record.state === 'failed') {
    const { failure } = operation;
    answerJson(response, { command, operation: record, error: describeError(failure) }, statusOf(failure));
  } else answerJson(response, { command, operation: record }, record.state === 'running' ? 202 : 200);
}

async function endOf(operation: Operation, milliseconds: number): Promise<void> {
  let stopTimer: (() => void) | undefined;
  const waited = new Promise<void>((resolve) => {
    stopTimer = startTimer(milliseconds, resolve);
  });
  await Promise.race([operation.ended, waited]);
  stopTimer?.();
}

/** `Prefer: wait=60` of RFC 7240, in seconds. */
function waitOf({ headers: { prefer } }: IncomingMessage): number {
  const seconds = /(?:^|[,;\s])wait=(\d{1,6})/.exec(String(prefer ?? ''))?.[1];
  return seconds === undefined ? WAIT_MS : Math.min(Number(seconds), LONGEST_WAIT_S) * 1000;
}
