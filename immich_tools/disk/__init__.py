"""Files of this computer: whether they are there and on the disk they should be on, and copying them without losing one."""
