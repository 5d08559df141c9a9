import { contractSuite } from './suite.ts';

await contractSuite('mysql-9.7');
