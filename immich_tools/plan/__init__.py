"""What a change is, and how changes are carried out safely. Knows no tool."""
