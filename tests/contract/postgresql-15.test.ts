import { contractSuite } from './suite.ts';

await contractSuite('postgresql-15');
