"""The books of both sides: lists of bills to the bank, registers from the bank (registers.md).

* `layouts`: how a bank's files look, read from its settings;
* `bills`, `qr`, `pull`, `delivery`: we tell the bank whom it may take money for;
* `register`, `statement`, `spreadsheet`: we read what it took;
* `reconcile`, `report`: we compare both, book what is missing, and say so.
"""
