// A reporter of vitest: records that errors were thrown which belong to no test. The JSON report does not contain them.
import { appendFileSync } from 'node:fs';

export default class UnhandledErrors {
  onTestRunEnd(_modules, errors) {
    if (errors.length > 0) appendFileSync(process.env.VMLET_TEST_GUARDS, 'unhandled errors\n');
  }
}
