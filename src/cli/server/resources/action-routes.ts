import type { IncomingMessage } from 'node:http';
import * as z from 'zod';
import { startTimer } from '../../../util/time/timer.ts';
import { answerJson } from '../answers/http-answer.ts';
import { describeError, isDefect, statusOf } from '../answers/described-error.ts';
import { readBody } from '../answers/request-body.ts';
import type { Operation, Work } from '../operations/operation.ts';
import type { Exchange, Route } from '../routing/exchange.ts';
import type { Action } from './action.ts';
import { CREATE, createCommandLine, newMachineSchema, optionsOf } from './create-actions.ts';
import { DEVICE_ACTIONS } from './device-actions.ts';
import { HOST_ACTIONS } from './host-actions.ts';
import { IMAGE_ACTIONS, TEMPLATE_ACTIONS } from './image-actions.ts';
import { MACHINE_ACTIONS } from './machine-actions.ts';
import { CREATE_NETWORK, NETWORK_ACTIONS } from './network-actions.ts';
import { CREATE_VOLUME, VOLUME_ACTIONS } from './volumes.ts';

/** Most changes end within this time; the client learns of others by events. */
const WAIT_MS = 500;
const LONGEST_WAIT_S = 600;

/** A POST for each change, and the operations that they are. */
export const ACTION_ROUTES: readonly Route[] = [
  actionRoute('create', '/v1/machines', CREATE),
  ...Object.entries({ ...MACHINE_ACTIONS, ...DEVICE_ACTIONS }).map(([kind, one]) =>
    actionRoute(kind, `/v1/machines/:name/${kind}`, one),
  ),
  actionRoute('networks/create', '/v1/networks', CREATE_NETWORK),
  ...Object.entries(NETWORK_ACTIONS).map(([verb, one]) =>
    actionRoute(`networks/${verb}`, `/v1/networks/:name/${verb}`, one),
  ),
  ...actionsBelow('images', IMAGE_ACTIONS),
  ...actionsBelow('templates', TEMPLATE_ACTIONS),
  actionRoute('volumes/create', '/v1/volumes', CREATE_VOLUME),
  ...actionsBelow('volumes', VOLUME_ACTIONS),
  ...actionsBelow('host', HOST_ACTIONS),
  {
    method: 'POST',
    path: '/v1/machines/check',
    handle: async ({ request, response, services: { store } }) => {
      const body = await readBody(request, newMachineSchema);
      const command = createCommandLine(body);
      try {
        answerJson(response, { command, create: await store.check(optionsOf(body)) });
      } catch (error) {
        if (isDefect(error)) throw error;
        answerJson(response, { command, error: describeError(error) }, statusOf(error));
      }
    },
  },
  {
    method: 'GET',
    path: '/v1/operations',
    handle: async ({ response, services }) => {
      answerJson(response, { operations: services.operations.list() });
      return Promise.resolve();
    },
  },
  {
    method: 'GET',
    path: '/v1/operations/:id',
    handle: async ({ response, parts, services }) => {
      answerJson(response, { operation: services.operations.get(parts['id'] ?? '').record });
      return Promise.resolve();
    },
  },
  {
    method: 'POST',
    path: '/v1/operations/:id/cancel',
    handle: async ({ request, response, parts, services }) => {
      await readBody(request, z.strictObject({}));
      const operation = services.operations.get(parts['id'] ?? '');
      operation.cancel();
      await endOf(operation, waitOf(request));
      answerJson(response, { operation: operation.record });
    },
  },
];

function actionsBelow(place: string, actions: Readonly<Record<string, Action>>): Route[] {
  return Object.entries(actions).map(([verb, one]) =>
    actionRoute(`${place}/${verb}`, `/v1/${place}/${verb}`, one),
  );
}

function actionRoute(kind: string, path: string, { schema, work }: Action): Route {
  return {
    method: 'POST',
    path,
    handle: async (exchange) => {
      const { request, parts, services } = exchange;
      const body = await readBody(request, schema);
      await answerWork(exchange, work(services.store, kind, parts['name'] ?? '', body));
    },
  };
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
