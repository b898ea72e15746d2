import { expect, test } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { parseConditions } from '../../../../src/cli/look/wait.ts';

test('conditions are parsed, and can be repeated', () => {
  const conditions = parseConditions(['running', 'cloud-init', 'port=22', 'port=8080', 'log=a=b', 'log=^x$']);
  expect(conditions).toEqual({
    running: true,
    agent: false,
    ssh: false,
    cloudInit: true,
    stopped: false,
    ports: [22, 8080],
    log: [/a=b/u, /^x$/u],
  });
});

test.each(['port=0', 'port=65536', 'port=http', 'log=('])('%s is rejected with an explanation', (text) => {
  expect(() => parseConditions([text])).toThrow(InvalidInputError);
});
