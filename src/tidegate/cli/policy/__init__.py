"""`tidegate policy`: the ImagePolicies of automatic environments."""
