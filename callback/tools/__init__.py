"""What people use: the commands, and the few addresses that are not a bank's call.

The walk of a payment never imports anything of this.
"""
