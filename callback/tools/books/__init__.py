"""The books of both sides: lists of bills to the bank, registers from the bank (registers.md).

* `layouts`: how a bank's files look, read from its settings;
* `bills`, `qr`, `pull`, `delivery`: we tell the bank whom it may take money for;
* `register` reads what it took: `rows`, `spreadsheet` (within `bounds`) and `dbf` give it rows, of
  which `columns`, `sums`, `ids` and `totals` make payments; `statement`, `mt940` and `camt053` read
  statements of account, with `purpose` and `credits`;
* `reconcile`, `pairs`, `report`: we compare both, book what is missing, and say so.
"""
