import { contractSuite } from './suite.ts';

await contractSuite('mariadb-10.11');
